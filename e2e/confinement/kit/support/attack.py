"""What every Python technique shares: the words that attack.h has for C programs."""
import errno
import os
import sys


def reached(what):
    print("REACHED", what, flush=True)
    os._exit(0)


def refused(error, step):
    print("REFUSED", errno.errorcode.get(error.errno or 0, "UNKNOWN"), step, flush=True)
    os._exit(10)


def absent(step):
    print("ABSENT", step, flush=True)
    os._exit(11)


def play(ways):
    """Plays the way that the first argument names, with the rest of them; an OSError is a refusal."""
    way = ways.get(sys.argv[1])
    if way is None:
        print("BROKEN way", sys.argv[1], flush=True)
        os._exit(12)
    try:
        reached(way(*sys.argv[2:]))
    except OSError as error:
        refused(error, sys.argv[1])
