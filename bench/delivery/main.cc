// bench_http accept [RECORD] | bench_http post URL RECORD CONNECTIONS
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "delivery/accepting.h"

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words[0] == "accept" && words.size() <= 2) {
    return sluice::bench::Accept(words.size() == 2 ? words[1] : "");
  }
  if (words.size() == 4 && words[0] == "post") {
    return sluice::bench::Post(words[1], words[2], std::strtoul(words[3].c_str(), nullptr, 10));
  }
  std::fprintf(stderr, "bench_http accept [RECORD] | bench_http post URL RECORD CONNECTIONS\n");
  return 2;
}
