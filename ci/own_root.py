"""Starts a program in a mount namespace whose root is this process's root.

A container engine joins its containers' namespaces, and whoever does that finds
itself at the namespace's root. In a plain chroot that is the machine's root and
not the container's: `docker exec` would end up there. So the folder is made the
root of a namespace of its own. Elsewhere the program is started as it is.

    own_root.py PROGRAM ARGUMENT…
"""

import ctypes
import os
import sys

# <linux/sched.h>, <sys/mount.h>
CLONE_NEWNS = 0x00020000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
MNT_DETACH = 2

libc = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def go_to_the_root_of_the_namespace():
    namespace = os.open("/proc/self/ns/mnt", os.O_RDONLY)
    call("setns", namespace, CLONE_NEWNS)
    os.close(namespace)


def is_in_a_chroot():
    here = os.stat("/")
    child = os.fork()
    if child == 0:
        # Only to look; this process stays where it is.
        try:
            go_to_the_root_of_the_namespace()
            there = os.stat("/")
            os._exit(not os.path.samestat(here, there))
        except OSError:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 1


def take_a_root_of_our_own():
    call("unshare", CLONE_NEWNS)
    folder = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    go_to_the_root_of_the_namespace()
    call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
    os.fchdir(folder)
    os.close(folder)
    path = os.getcwd().encode()
    # Only a mount can become a root.
    call("mount", path, path, None, MS_BIND | MS_REC, None)
    os.chdir(path)
    # Over one another, and then the upper one away: see pivot_root(2).
    call("pivot_root", b".", b".")
    call("umount2", b".", MNT_DETACH)
    os.chdir("/")


if is_in_a_chroot():
    take_a_root_of_our_own()
os.execvp(sys.argv[1], sys.argv[1:])
