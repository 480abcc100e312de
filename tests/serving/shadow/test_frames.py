import asyncio
import socket
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.shadow.frames import pack, read, receive

pytestmark = pytest.mark.unit

HEADS = st.dictionaries(st.text(max_size=5), st.integers(-1000, 1000) | st.text(max_size=5), max_size=4)


@settings(deadline=None)
@given(st.lists(st.tuples(HEADS, st.binary(max_size=50)), max_size=5))
def test_frames_arrive_as_they_were_sent(frames: list[tuple[dict[str, Any], bytes]]) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        with ours:
            for head, body in frames:
                ours.sendall(pack(head, body))
        assert [receive(theirs) for _ in frames] == frames
        assert receive(theirs) is None

    async def read_all() -> list[Any]:
        stream = asyncio.StreamReader()
        stream.feed_data(b"".join(pack(head, body) for head, body in frames))
        return [await read(stream) for _ in frames]

    assert asyncio.run(read_all()) == frames


def test_half_a_frame_is_none() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        with ours:
            ours.sendall(pack({"a": 1}, b"body")[:-1])
        assert receive(theirs) is None
