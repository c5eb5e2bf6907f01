/*
 * Makes system calls by other numbers than the ones a filter lists. foreign-abi <way> <path>
 * Facts: int 0x80 enters the 32-bit table and x32 sets bit 30; both reach the same kernel functions.
 */
#include "attack.h"

#include <sys/mman.h>

int main(int argc, char **argv) {
  const char *way = argument(argc, argv, 1);
  const char *path = argument(argc, argv, 2);
#ifdef __x86_64__
  if (is(way, "int80-chmod") || is(way, "int80-getpid") || is(way, "int80-mkdir") || is(way, "int80-socketcall")) {
    /* 32-bit pointers: the path must lie in the low memory */
    char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (low == MAP_FAILED) broken("mmap");
    snprintf(low, 4096, "%s", path);
    long number = is(way, "int80-getpid") ? 20 : is(way, "int80-mkdir") ? 39 : is(way, "int80-socketcall") ? 102 : 15;
    long first = is(way, "int80-getpid") ? 0 : (long)(intptr_t)low, second = 0777;
    if (is(way, "int80-socketcall")) {
      uint32_t *words = (uint32_t *)(void *)low;
      words[0] = AF_INET, words[1] = SOCK_STREAM, words[2] = 0;
      first = 1 /* SYS_SOCKET */;
      second = (long)(intptr_t)low;
    }
    long result;
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(first), "c"(second), "d"(0) : "memory", "r8", "r9", "r10", "r11");
    if (result < 0) {
      if (result == -ENOSYS) refused("int 0x80", ENOSYS);
      refused("int 0x80", (int)-result);
    }
    reached(way);
  }
  if (is(way, "x32-getpid") || is(way, "x32-chmod")) {
    long result = is(way, "x32-getpid") ? syscall(0x40000000 | SYS_getpid) : syscall(0x40000000 | SYS_chmod, path, 0777);
    must("x32", result);
    reached(way);
  }
#else
  (void)path;
  absent(way);
#endif
  if (is(way, "native")) {
    must("getpid", syscall(SYS_getpid));
    reached(way);
  }
  errno = EINVAL;
  broken("way");
}
