#include "sha256.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace belljar {

namespace {

// First 32 bits of the fractional parts of the cube roots of the first 64 primes.
constexpr uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

}  // namespace

void Sha256::block(const unsigned char* bytes) {
  uint32_t w[64];
  for (size_t i = 0; i < 16; i++) {
    memcpy(&w[i], bytes + i * 4, 4);
    if constexpr (std::endian::native == std::endian::little) w[i] = __builtin_bswap32(w[i]);
  }
  for (size_t i = 16; i < 64; i++) {
    uint32_t s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
    uint32_t s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  auto [a, b, c, d, e, f, g, h] = state_;
  for (size_t i = 0; i < 64; i++) {
    uint32_t s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
    uint32_t one = h + s1 + ((e & f) ^ (~e & g)) + round_constants[i] + w[i];
    uint32_t s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
    uint32_t two = s0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + one;
    d = c;
    c = b;
    b = a;
    a = one + two;
  }
  uint32_t last[8] = {a, b, c, d, e, f, g, h};
  for (size_t i = 0; i < 8; i++) state_[i] += last[i];
}

void Sha256::add(std::string_view bytes) {
  const unsigned char* at = reinterpret_cast<const unsigned char*>(bytes.data());
  size_t left = bytes.size();
  bytes_ += left;
  if (held_ > 0) {
    size_t taken = std::min(left, sizeof rest_ - held_);
    memcpy(rest_ + held_, at, taken);
    held_ += taken;
    at += taken;
    left -= taken;
    if (held_ < sizeof rest_) return;
    block(rest_);
    held_ = 0;
  }
  for (; left >= sizeof rest_; at += sizeof rest_, left -= sizeof rest_) block(at);
  memcpy(rest_, at, left);
  held_ = left;
}

std::string Sha256::finish() {
  uint64_t bits = bytes_ * 8;
  unsigned char end[72] = {0x80};
  size_t padding = (held_ < 56 ? 56 : 120) - held_;
  for (size_t i = 0; i < 8; i++) end[padding + i] = static_cast<unsigned char>(bits >> (56 - 8 * i));
  add({reinterpret_cast<const char*>(end), padding + 8});
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (uint32_t word : state_) {
    for (int shift = 28; shift >= 0; shift -= 4) out.push_back(digits[(word >> shift) & 15]);
  }
  return out;
}

std::string sha256_hex(std::string_view bytes) {
  Sha256 sum;
  sum.add(bytes);
  return sum.finish();
}

}  // namespace belljar
