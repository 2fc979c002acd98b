"""The channel layer waits for messages longer than redis-py waits for answers by itself."""

import asyncio

import pytest
from channels.layers import get_channel_layer

SECONDS = 6.0  # more than redis-py's own timeout of 5


async def test_an_idle_channel_stays_open_and_then_receives():
    layer = get_channel_layer()
    channel = await layer.new_channel()
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(layer.receive(channel), SECONDS)
    await layer.send(channel, {"type": "changed", "ids": [1]})
    assert await asyncio.wait_for(layer.receive(channel), SECONDS) == {"type": "changed", "ids": [1]}
    await layer.close_pools()
