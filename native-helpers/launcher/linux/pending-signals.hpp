// Signals that wait for a thread whose call is stopped. After the supervisor took a call up, the kernel lets no signal but a deadly
// one interrupt it (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV), so a call that waits for long is given back where a signal waits.
#pragma once

namespace belljar {

// What the kernel makes of a call that ends so: it is made anew after a handler with SA_RESTART, and fails with EINTR after another
// one (signal(7)). Not for programs to see: only a thread that is about to handle a signal may be given it.
constexpr int restart_or_interrupt = 512;  // ERESTARTSYS

// Is the stopped thread about to handle a signal? True only where that is certain. What was sent to a process of several threads is the
// first thread's (complete_signal in kernel/signal.c) unless it blocks it, or the kernel chose another one that was not yet run: so it must be
// seen twice, `seen` is kept by the caller, and a child's end counts only where no other thread can take it.
bool is_interrupted(int thread, bool& seen);

}  // namespace belljar
