// The official AG-UI client against a running server: node agui_client.mjs, the scenario and its values as JSON on stdin.
// Prints what the client made of it as JSON. Its warnings (anything that is not AG-UI 1.0) go to stderr.
import { HttpAgent, buildResumeArray } from "@ag-ui/client";
import { readFileSync } from "node:fs";

const given = JSON.parse(readFileSync(0, "utf8"));

function agent(threadId) {
  const headers = given.key ? { Authorization: `Bearer ${given.key}` } : given.headers;
  return new HttpAgent({ url: `${given.url}/api/v1/copilot/agui`, headers, threadId });
}

function ask(client, text) {
  client.addMessage({ id: crypto.randomUUID(), role: "user", content: text });
}

/** Run to the end; `onText` hears each piece of text. */
async function run(client, parameters = {}, onText = () => {}) {
  const seen = { kinds: [], texts: [], error: "", outcome: "" };
  const subscriber = {
    onEvent: ({ event }) => void seen.kinds.push(event.type),
    onTextMessageContentEvent: ({ event }) => {
      seen.texts.push(event.delta);
      onText(seen.texts);
    },
    onRunFinishedEvent: ({ outcome }) => void (seen.outcome = outcome),
    onRunErrorEvent: ({ event }) => void (seen.error = event.message),
  };
  try {
    await client.runAgent(parameters, subscriber);
  } catch (error) {
    seen.thrown = { status: error.status, message: error.message };
  }
  return { ...seen, messages: client.messages, state: client.state, interrupts: client.pendingInterrupts };
}

const scenarios = {
  async ask() {
    const client = agent(given.thread);
    const runs = [];
    for (const question of given.questions) {
      ask(client, question);
      runs.push(await run(client, given.parameters));
    }
    return runs;
  },

  async decide() {
    const client = agent(given.thread);
    ask(client, given.questions[0]);
    const asked = await run(client);
    const answers = Object.fromEntries(client.pendingInterrupts.map((one) => [one.id, given.answer]));
    const resume = buildResumeArray(client.pendingInterrupts, answers);
    return [asked, await run(client, { resume })];
  },

  async leave() {
    const client = agent(given.thread);
    const runId = crypto.randomUUID();
    ask(client, given.questions[0]);
    const left = await run(client, { runId }, (texts) => texts.length === 5 && client.abortRun());
    const back = agent(given.thread);
    back.messages = client.messages;
    return [left, await run(back, { runId })];
  },
};

console.log(JSON.stringify(await scenarios[given.scenario]()));
