/*
 * Makes system calls by other numbers than the ones a filter lists. foreign-abi <way> <path>
 * Family: foreign-calls
 * Facts: int 0x80 enters the 32-bit table from a 64-bit program, and x32 sets bit 30 of the number; both reach the same
 * kernel functions (arch/x86/entry; man 2 seccomp, "the arch field must be checked").
 * Witness: a folder that was made, a mode that changed.
 * Cases: name | what it tries | attack | twin | marks
 *   int80-getpid | ask for its number by the 32-bit table | int80-getpid - | native - | event=syscall surface
 *   int80-mkdir | make a folder outside by the 32-bit table | int80-mkdir {outside}/made | native - | event=syscall,file.create
 *   int80-chmod | change a file's mode by the 32-bit table | int80-chmod {secret} | native - | event=syscall,file.attr
 *   int80-socketcall | make a socket by the 32-bit table | int80-socketcall - | native - | event=syscall surface
 *   x32-getpid | ask for its number by x32 | x32-getpid - | native - | event=syscall surface
 *   x32-chmod | change a file's mode by x32 | x32-chmod {secret} | native - | event=syscall,file.attr
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
