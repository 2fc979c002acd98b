"""Parameter types of the copilot's own services."""

from typing import Annotated

from pydantic import Field

ThreadId = Annotated[int, Field(description="Number of the conversation", gt=0, lt=2**63)]
RunId = Annotated[int, Field(description="Number of the run: a question with its answer", gt=0, lt=2**63)]
BranchOf = Annotated[
    int | None,
    Field(description="Number of a run: the branch with it, instead of the one that is shown", gt=0, lt=2**63),
]
