"""Errors that a person may see. Each is one sentence; every face turns it into its own form once."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from iotsim.core.proposals import Proposal
    from iotsim.core.schemas import ApprovalOut


class IotsimError(Exception):
    """An expected error: `sentence` is fit for the user, `status` is its HTTP status."""

    status = 400
    code = "bad_request"
    title = "This cannot be done"
    retry_after: int | None = None  # seconds after which the same may succeed

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field

    def details(self) -> dict[str, Any]:
        """What a program may want beside the sentence (plain JSON values)."""
        found = {"field": self.field, "retry_after": self.retry_after}
        return {name: value for name, value in found.items() if value}


class Invalid(IotsimError):
    """A value that cannot be understood or is out of range."""

    status, code, title = 422, "invalid", "A value needs correcting"

    def __init__(
        self,
        sentence: str,
        *,
        field: str | None = None,
        fields: dict[str, str] | None = None,
    ) -> None:
        super().__init__(sentence, field=field)
        self.fields = fields or ({field: sentence} if field else {})

    def details(self) -> dict[str, Any]:
        return {"field": self.field, "fields": self.fields}


class Unauthenticated(IotsimError):
    status, code, title = 401, "unauthenticated", "Sign in first"


class Denied(IotsimError):
    status, code, title = 403, "denied", "Not allowed"


class MembershipLost(Denied):
    """The organisation that this session chose has the person no more: they choose again, nothing is assumed."""

    code, title = "membership_lost", "You are no longer a member"


class NotFound(IotsimError):
    status, code, title = 404, "not_found", "Not found"


class WrongMethod(IotsimError):
    status, code, title = 405, "wrong_method", "Not possible this way"


class Ambiguous(IotsimError):
    """A name that fits several objects; `candidates` are their full names."""

    status, code, title = 409, "ambiguous", "Several fit"

    def __init__(self, sentence: str, *, candidates: list[str], field: str | None = None) -> None:
        super().__init__(sentence, field=field)
        self.candidates = candidates

    def details(self) -> dict[str, Any]:
        return {**super().details(), "candidates": self.candidates}


class Conflict(IotsimError):
    """The state of things does not allow it (any more)."""

    status, code, title = 409, "conflict", "Not possible in this state"


class Moved(Conflict):
    """Somebody else changed what the caller looked at. The sentence says what, who and when.

    `current` are arguments to the same call: with them it means "I have seen that".
    """

    code, title = "moved", "Somebody changed it meanwhile"

    def __init__(self, sentence: str, *, current: dict[str, Any], field: str | None = None) -> None:
        super().__init__(sentence, field=field)
        self.current = current

    def details(self) -> dict[str, Any]:
        return {**super().details(), "current": self.current}


class TooLarge(IotsimError):
    status, code, title = 413, "too_large", "Too large"


class LimitReached(IotsimError):
    """Too many calls."""

    status, code, title = 429, "limit_reached", "Limit reached"

    def __init__(self, sentence: str, *, retry_after: int) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class Unavailable(IotsimError):
    """A server that this needs is away or too busy; nothing was changed."""

    status, code, title = 503, "unavailable", "Not available now"
    retry_after = 5


class ConfirmationRequired(IotsimError):
    """A person must see the proposal first, or the facts moved since they saw it."""

    status, code, title = 409, "confirmation_required", "Please confirm"

    def __init__(self, sentence: str, *, proposal: "Proposal") -> None:
        super().__init__(sentence)
        self.proposal = proposal

    def details(self) -> dict[str, Any]:
        return {"proposal": self.proposal.model_dump(mode="json")}


class ApprovalRequired(IotsimError):
    """A machine asked; a person decides. The call waits in `approval`. Not a failure."""

    status, code, title = 202, "approval_required", "Waiting for a person's decision"

    def __init__(self, approval: "ApprovalOut") -> None:
        super().__init__(approval.sentence)
        self.approval = approval

    def details(self) -> dict[str, Any]:
        return {"approval": self.approval.model_dump(mode="json")}
