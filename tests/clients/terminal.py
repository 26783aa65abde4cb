"""terminal.py - a program for a screen, run under tmux: keys go in, and what the screen shows comes out."""

import os
import re
import shlex
import subprocess
import time

from world import DIR, PATIENCE_S


class Terminal:
    """One program on a screen of 100 by 30. End it with close(), however the test goes."""

    def __init__(self, name, *words):
        self.socket = os.path.join(DIR, name + ".tmux")
        env = {"HOME": DIR, "TERM": "xterm", "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}
        subprocess.run(self.tmux("new-session", "-d", "-x", "100", "-y", "30", shlex.join(words)),
                       check=True, env=env, timeout=PATIENCE_S)

    def tmux(self, *words):
        # No configuration but its own; nothing is shared with a tmux that somebody works in.
        return ["tmux", "-f", "/dev/null", "-S", self.socket, *words]

    def screen(self):
        shown = subprocess.run(self.tmux("capture-pane", "-p"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               timeout=PATIENCE_S)
        return shown.stdout.decode("utf-8", "replace")

    def keys(self, *keys):
        """Words are typed as they are; names as tmux knows them (Enter, Escape) are those keys."""
        subprocess.run(self.tmux("send-keys", *keys), check=True, timeout=PATIENCE_S)

    def shows(self, pattern, seconds=PATIENCE_S):
        """Wait until the screen shows this regular expression (^ and $ are of lines)."""
        end = time.monotonic() + seconds
        while True:
            screen = self.screen()
            found = re.search(pattern, screen, re.M)
            if found:
                return found
            assert time.monotonic() < end, "not shown: %s\non the screen:\n%s" % (pattern, screen)
            time.sleep(0.02)

    def lacks(self, pattern, seconds=PATIENCE_S):
        """Wait until the screen no longer shows it."""
        end = time.monotonic() + seconds
        while re.search(pattern, self.screen(), re.M):
            assert time.monotonic() < end, "still shown: %s" % pattern
            time.sleep(0.02)

    def runs(self):
        return subprocess.run(self.tmux("has-session"), stderr=subprocess.DEVNULL).returncode == 0

    def ended(self):
        """Wait until the program has ended by itself."""
        end = time.monotonic() + PATIENCE_S
        while self.runs():
            assert time.monotonic() < end, "still running:\n" + self.screen()
            time.sleep(0.02)

    def close(self):
        subprocess.run(self.tmux("kill-server"), stderr=subprocess.DEVNULL)
