"""
Lets a program that is allowed read what is not. interpreters.py <way> <file>
Family: execution
Facts: an interpreter or a tool does what its script says, so that "may run cat" is "may read whatever there is" (confused tools);
the dynamic loader starts any program that can be read (man 8 ld.so). A wall has to hold for the process, not for the program.
Witness: the decoy in the output.
Cases: name | what it tries | attack | twin | marks
  shell | a shell's own read | shell {secret} | shell {inside} | event=file.read
  loader | cat, started by the dynamic loader | loader {secret} | loader {inside} | event=file.read
  perl | perl | perl {secret} | perl {inside} | event=file.read
  sed | sed, a program of the system like any other | sed {secret} | sed {inside} | event=file.read
  archive | an archive that is made of it and unpacked again | archive {secret} | archive {inside} | event=file.read
  include | a shell that takes it for a script, and says what it does not understand | include {secret} | include {inside} | event=file.read
  zip-import | a folder on Python's path | zip_import {outside} | zip_import {grant} | event=file.read surface
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
from attack import absent, play


def run(*command, env=None):
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=env, timeout=8)
    except FileNotFoundError:
        absent(command[0])
    if "denied" in result.stderr or "not permitted" in result.stderr:
        raise PermissionError(13, result.stderr.strip())
    if result.returncode != 0 and not result.stdout:
        raise OSError(5, result.stderr.strip())
    return " ".join((result.stdout + result.stderr).split())


def loader(path):
    return run("/lib64/ld-linux-x86-64.so.2", "/usr/bin/cat", path)


def archive(path):
    return run("/bin/sh", "-c", 'tar -P -cf - "$0" | tar -P -xOf -', path)


def include(path):
    return run("/bin/sh", "-c", '. "$0" 2>&1; true', path)


def zip_import(folder):
    return " ".join(os.listdir(folder))


play(
    {
        "shell": lambda path: run("/bin/sh", "-c", 'read x < "$0"; echo "$x"', path),
        "loader": loader,
        "perl": lambda path: run("/usr/bin/perl", "-pe", "1", path),
        "sed": lambda path: run("/usr/bin/sed", "-n", "p", path),
        "archive": archive,
        "include": include,
        "zip_import": zip_import,
    }
)
