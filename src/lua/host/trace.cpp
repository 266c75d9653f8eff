// Reads FERRY_TRACE and writes its lines (trace.h).
#include "lua/host/trace.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "os/process.h"

namespace ferry::lua {

namespace {

constexpr std::string_view kTopics[] = {"code", "learn", "callback", "load"};

// One bit per topic. A word that is none is told, because a misspelt one would be silent for ever.
unsigned asked_for() {
  const char* text = std::getenv("FERRY_TRACE");
  unsigned topics = 0;
  for (std::string_view rest = text != nullptr ? text : ""; !rest.empty();) {
    const size_t comma = rest.find(',');
    const std::string_view word = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    unsigned found = word == "all" ? ~0u : 0;
    for (unsigned i = 0; i < std::size(kTopics); ++i) {
      if (word == kTopics[i]) found = 1u << i;
    }
    if (found == 0 && !word.empty()) {
      char line[200];
      const int length =
          std::snprintf(line, sizeof line, "ferry: FERRY_TRACE: '%.*s' is none of code, learn, callback, load, all\n",
                        static_cast<int>(word.size() < 100 ? word.size() : 100), word.data());
      os::write_standard_error(line, static_cast<size_t>(length));
    }
    topics |= found;
  }
  return topics;
}

}  // namespace

bool traced(Topic topic) {
  static const unsigned topics = asked_for();
  return (topics >> static_cast<unsigned>(topic) & 1) != 0;
}

void trace(Topic topic, const char* format, ...) {
  char line[1024];
  constexpr int kRoom = sizeof line - 1;  // and the line's end
  int length = std::snprintf(line, sizeof line, "ferry: %s: ", kTopics[static_cast<unsigned>(topic)].data());
  va_list args;
  va_start(args, format);
  const int more = std::vsnprintf(line + length, static_cast<size_t>(kRoom - length), format, args);
  va_end(args);
  if (more > 0) length += more < kRoom - length ? more : kRoom - length - 1;
  line[length] = '\n';
  os::write_standard_error(line, static_cast<size_t>(length) + 1);
}

}  // namespace ferry::lua
