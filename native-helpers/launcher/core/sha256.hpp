// SHA-256 (FIPS 180-4). Here and not the kernel's own (AF_ALG): that is a module which many kernels leave out or forbid, and
// it would cost a socket and a copy for every start.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace belljar {

class Sha256 {
 public:
  void add(std::string_view bytes);
  // Lower-case hex. Ends it: nothing may be added afterwards.
  std::string finish();

 private:
  void block(const unsigned char* bytes);

  uint32_t state_[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  unsigned char rest_[64] = {};
  size_t held_ = 0;
  uint64_t bytes_ = 0;
};

std::string sha256_hex(std::string_view bytes);

}  // namespace belljar
