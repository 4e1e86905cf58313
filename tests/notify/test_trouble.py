from __future__ import annotations

import logging

import pytest

from outwait.notify.trouble import WORST, Trouble


def test_it_is_told_once_and_left_alone_ever_longer(caplog: pytest.LogCaptureFixture) -> None:
    trouble = Trouble("nothing can be kept")
    with caplog.at_level(logging.INFO, "outwait"):
        trouble.over()
        pauses = [trouble.met(ValueError("full")) for _ in range(2000)]
        assert caplog.messages == ["nothing can be kept: full"]
        assert pauses[:8] == [1, 2, 4, 8, 16, 32, WORST, WORST]
        assert pauses[-1] == WORST
        trouble.over()
        trouble.over()
        assert caplog.messages[1:] == ["it is over: nothing can be kept"]
        assert trouble.met(ValueError("again")) == 1
    assert len(caplog.messages) == 3
