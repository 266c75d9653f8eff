// Signals on POSIX systems.
#include "os/signals.h"

#include <csignal>

namespace ferry::os {

namespace {

constexpr SignalName kNames[] = {
    {"HUP", SIGHUP},       {"INT", SIGINT},     {"QUIT", SIGQUIT}, {"ABRT", SIGABRT}, {"USR1", SIGUSR1},
    {"USR2", SIGUSR2},     {"PIPE", SIGPIPE},   {"ALRM", SIGALRM}, {"TERM", SIGTERM}, {"CHLD", SIGCHLD},
    {"CONT", SIGCONT},     {"TSTP", SIGTSTP},   {"TTIN", SIGTTIN}, {"TTOU", SIGTTOU}, {"URG", SIGURG},
    {"XCPU", SIGXCPU},     {"XFSZ", SIGXFSZ},   {"PROF", SIGPROF}, {"SYS", SIGSYS},   {"TRAP", SIGTRAP},
    {"VTALRM", SIGVTALRM}, {"WINCH", SIGWINCH},
#ifdef SIGIO
    {"IO", SIGIO},
#endif
#ifdef SIGPWR
    {"PWR", SIGPWR},
#endif
};

struct Kept {
  struct sigaction action;
  bool is = false;
};
Kept kept[kMaxSignal + 1];

}  // namespace

std::span<const SignalName> signal_names() {
  return kNames;
}

bool may_wait(int number) {
  return number != SIGSEGV && number != SIGBUS && number != SIGFPE && number != SIGILL;
}

bool catch_signal(int number, void (*handler)(int)) {
  struct sigaction action = {}, before = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  if (sigaction(number, &action, &before) != 0) return false;
  if (!kept[number].is) kept[number] = {before, true};
  return true;
}

void release_signal(int number) {
  if (!kept[number].is) return;
  kept[number].is = false;
  sigaction(number, &kept[number].action, nullptr);
}

}  // namespace ferry::os
