// The attempts of attempts.cpp from an ordinary process, where each must get through.
#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attempts.hpp"

int main() {
  const char* file = std::getenv("BELLJAR_TAKEOVER_PAGE");
  int fd = file != nullptr ? open(file, O_RDWR) : -1;
  void* page = fd >= 0 ? mmap(nullptr, sizeof(takeover::Page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
  if (page == MAP_FAILED) return 2;
  takeover::attempt(*static_cast<takeover::Page*>(page));
  return 0;
}
