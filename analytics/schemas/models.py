"""Models as things with a life: versions, metrics, who promoted them."""
