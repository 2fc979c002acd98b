"""What the planner says in its own words, in every language that it reads. Services' sentences are English."""

from typing import Final

# Each key with its English, German, French and Spanish sentence.
_SAID: Final[dict[str, tuple[str, str, str, str]]] = {
    "what": (
        "What would you like to know about your SIMs?",
        "Was möchten Sie über Ihre SIM-Karten wissen?",
        "Que souhaitez-vous savoir sur vos cartes SIM ?",
        "¿Qué desea saber sobre sus tarjetas SIM?",
    ),
    "declined": (
        "I cannot help with that. What I know here: {known}. You could ask: {asked}",
        "Dabei kann ich nicht helfen. Womit ich mich auskenne: {known}. Sie könnten fragen: {asked}",
        "Je ne peux pas vous aider pour cela. Ce que je connais : {known}. Vous pourriez demander : {asked}",
        "No puedo ayudar con eso. Lo que conozco: {known}. Podría preguntar: {asked}",
    ),
    "known": (
        "SIMs, usage, quotas, costs, savings, forecasts, anomalies, alerts, reports, customers and members",
        "SIM-Karten, Verbrauch, Kontingente, Kosten, Ersparnisse, Prognosen, Anomalien, Alarme, Berichte, Kunden und "
        "Mitglieder",
        "les cartes SIM, la consommation, les quotas, les coûts, les économies, les prévisions, les anomalies, les "
        "alertes, les rapports, les clients et les membres",
        "tarjetas SIM, consumo, cuotas, costes, ahorros, pronósticos, anomalías, alertas, informes, clientes y "
        "miembros",
    ),
    "examples": (
        "",
        "„Welche Karten haben mehr als 5 GB verbraucht?“ „Was kostet uns Acme?“ „Sperre die SIM 1234.“",
        "« Quelles cartes ont consommé plus de 5 Go ? » « Combien nous coûte Acme ? » « Suspends la SIM 1234. »",
        "«¿Qué tarjetas han consumido más de 5 GB?» «¿Cuánto nos cuesta Acme?» «Suspende la SIM 1234.»",
    ),
    "later": (
        "I can only do that at once, not later or on a condition. Nothing was changed.",
        "Das kann ich nur sofort tun, nicht später oder unter einer Bedingung. Es wurde nichts geändert.",
        "Je ne peux le faire que tout de suite, pas plus tard ni sous condition. Rien n'a été modifié.",
        "Solo puedo hacerlo al momento, no más tarde ni con una condición. No se ha cambiado nada.",
    ),
    "negated": (
        "Understood: nothing was changed.",
        "Verstanden: Es wurde nichts geändert.",
        "Compris : rien n'a été modifié.",
        "Entendido: no se ha cambiado nada.",
    ),
    "unmeant": (
        "I take that as a thought, not as a request: nothing was changed. Say it plainly if you want it done.",
        "Das verstehe ich als Gedanken, nicht als Auftrag: Es wurde nichts geändert. Sagen Sie es bitte direkt, wenn "
        "es geschehen soll.",
        "Je le prends pour une réflexion, pas pour une demande : rien n'a été modifié. Dites-le directement si cela "
        "doit être fait.",
        "Lo entiendo como una reflexión, no como un encargo: no se ha cambiado nada. Dígalo directamente si debe "
        "hacerse.",
    ),
    "relative": (
        "I set quotas and limits to a figure, not by a difference: nothing was changed. Say what it shall be, such as "
        "“Set the quota of SIM 1234 to 5 GB”.",
        "Kontingente und Grenzen setze ich auf einen Wert, nicht um einen Unterschied: Es wurde nichts geändert. Sagen "
        "Sie, was gelten soll, etwa „Setze das Kontingent von SIM 1234 auf 5 GB“.",
        "Je fixe quotas et limites à une valeur, pas d'une différence : rien n'a été modifié. Dites la valeur voulue, "
        "par exemple « Fixe le quota de la SIM 1234 à 5 Go ».",
        "Pongo cuotas y límites en un valor, no en una diferencia: no se ha cambiado nada. Diga el valor, por ejemplo "
        "«Pon la cuota de la SIM 1234 en 5 GB».",
    ),
    "languages": (
        "I read English, German, French and Spanish; please ask in one of them. Nothing was done.",
        "Ich verstehe Englisch, Deutsch, Französisch und Spanisch; bitte fragen Sie in einer dieser Sprachen. Es wurde "
        "nichts getan.",
        "Je comprends l'anglais, l'allemand, le français et l'espagnol ; posez la question dans l'une de ces langues. "
        "Rien n'a été fait.",
        "Entiendo inglés, alemán, francés y español; pregunte en uno de estos idiomas. No se ha hecho nada.",
    ),
    "nothing_offered": (
        "There is no open offer that this could answer, so nothing was done. Say what you would like.",
        "Kein Angebot wartet auf diese Antwort; es wurde nichts getan. Sagen Sie, was Sie möchten.",
        "Aucune proposition n'attend de réponse : rien n'a été fait. Dites ce que vous souhaitez.",
        "No hay ninguna propuesta abierta a la que responder: no se ha hecho nada. Diga lo que desea.",
    ),
    "need": (
        "{title}: I need {noun}. Which one is it?",
        "{title}: Es fehlt noch eine Angabe ({noun}). Worum geht es?",
        "{title} : il manque une précision ({noun}). Laquelle ?",
        "{title}: falta un dato ({noun}). ¿Cuál es?",
    ),
    "meant": (
        "{name} can be several things. Which one is it?",
        "{name} kann Verschiedenes sein. Worum geht es?",
        "{name} peut désigner plusieurs choses. Laquelle ?",
        "{name} puede ser varias cosas. ¿Cuál es?",
    ),
    "several": (
        "Several fit {name}. Which one is it?",
        "Mehrere passen zu {name}. Worum geht es?",
        "Plusieurs correspondent à {name}. Laquelle ?",
        "Varios coinciden con {name}. ¿Cuál es?",
    ),
    "which": (
        "I am not sure what you would like. Which one is it?",
        "Ich bin nicht sicher, was Sie möchten. Worum geht es?",
        "Je ne suis pas sûr de ce que vous souhaitez. Laquelle ?",
        "No estoy seguro de lo que desea. ¿Cuál es?",
    ),
    "which_one": ("Which one is it?", "Worum geht es?", "Laquelle ?", "¿Cuál es?"),
    "role": (
        "{title}: your role does not allow that. Nothing was done.",
        "{title}: Ihre Rolle erlaubt das nicht. Es wurde nichts getan.",
        "{title} : votre rôle ne le permet pas. Rien n'a été fait.",
        "{title}: su rol no lo permite. No se ha hecho nada.",
    ),
    "too_many": (
        "That fits {count}, more than I can pass on at once. Nothing was changed.",
        "Das passt auf {count}, mehr als ich auf einmal weitergeben kann. Es wurde nichts geändert.",
        "Cela correspond à {count}, plus que je ne peux transmettre d'un coup. Rien n'a été modifié.",
        "Eso coincide con {count}, más de lo que puedo pasar de una vez. No se ha cambiado nada.",
    ),
    "too_many_named": (
        "You name {count}, and {most} are the most that I can do at once. Nothing was done.",
        "Sie nennen {count}, und mehr als {most} kann ich nicht auf einmal erledigen. Es wurde nichts getan.",
        "Vous en nommez {count}, et je ne peux en traiter que {most} à la fois. Rien n'a été fait.",
        "Usted nombra {count}, y no puedo hacer más de {most} a la vez. No se ha hecho nada.",
    ),
    "nothing_fits": (
        "Nothing fits that. Nothing was changed.",
        "Darauf passt nichts. Es wurde nichts geändert.",
        "Rien ne correspond. Rien n'a été modifié.",
        "Nada coincide. No se ha cambiado nada.",
    ),
    "done": ("Done.", "Erledigt.", "C'est fait.", "Hecho."),
    "failed": (
        "That did not work.", "Das hat nicht geklappt.", "Cela n'a pas marché.", "Eso no ha funcionado.",
    ),
    "found": ("{count} found.", "{count} gefunden.", "{count} trouvés.", "{count} encontrados."),
    "none_found": ("Nothing was found.", "Es wurde nichts gefunden.", "Rien n'a été trouvé.", "No se encontró nada."),
    "first_are": (
        "The first are {rows}.", "Die ersten sind {rows}.", "Les premiers : {rows}.", "Los primeros son {rows}.",
    ),
    "they_are": ("They are {rows}.", "Das sind {rows}.", "Ce sont {rows}.", "Son {rows}."),
    "it_is": ("It is {rows}.", "Das ist {rows}.", "C'est {rows}.", "Es {rows}."),
    "and": ("and", "und", "et", "y"),
    "as_of": ("As of {moment}.", "Stand: {moment}.", "État au {moment}.", "Datos a {moment}."),
    "share": ("{percent} of all", "{percent} von allem", "{percent} du total", "{percent} del total"),
    "english": (
        "",
        "Die Einzelheiten gibt es hier nur auf Englisch:",
        "Les détails ne sont disponibles qu'en anglais :",
        "Los detalles solo están en inglés:",
    ),
    "offer": (
        "Shall I {words}?", "Soll ich das tun: „{words}“?", "Dois-je le faire : « {words} » ?", "¿Lo hago: «{words}»?",
    ),
    "others": (
        "Instead I could {words}.", "Stattdessen ginge: {words}.", "À la place, je peux : {words}.",
        "En su lugar puedo: {words}.",
    ),
    "or": ("or", "oder", "ou", "o"),
    "done_before": (
        "Done before that: {done}", "Davor erledigt: {done}", "Fait avant cela : {done}", "Hecho antes: {done}",
    ),
    "not_done": (
        "Not done: {titles}.", "Nicht getan: {titles}.", "Non fait : {titles}.", "Sin hacer: {titles}.",
    ),
    "customer": ("the customer {name}", "der Kunde {name}", "le client {name}", "el cliente {name}"),
    "operator": ("the operator {name}", "der Netzbetreiber {name}", "l'opérateur {name}", "el operador {name}"),
    "plan": ("the plan {name}", "der Tarif {name}", "le forfait {name}", "el plan {name}"),
    "tag": ("the tag {name}", "das Tag {name}", "le tag {name}", "la etiqueta {name}"),
}  # fmt: skip
_PLACE: Final = {"en": 0, "de": 1, "fr": 2, "es": 3}


def phrase(key: str, language: str = "en", **values: object) -> str:
    """The sentence for a key, in a language, with its values."""
    return _SAID[key][_PLACE.get(language, 0)].format(**values)


def questions(words: str) -> list[str]:
    """How an answer asks about an offer, in every language."""
    return [text.format(words=words) for text in _SAID["offer"]]


def has_phrase(key: str) -> bool:
    return key in _SAID


def asks_back(text: str) -> bool:
    """Whether a message of the assistant ends with a question of ours that waits for a choice or a value."""
    return text.rstrip().endswith(("Which one is it?", "Worum geht es?", "Laquelle ?", "¿Cuál es?"))
