#include "../launcher/core/sha256.hpp"

#include "check.hpp"

using namespace belljar;

void test_sha256() {
  // FIPS 180-4's examples, and lengths around the end of a block.
  check::equal(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "of nothing");
  check::equal(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "one block");
  check::equal(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
               "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1", "two blocks");
  check::equal(sha256_hex(std::string(1000, 'a')), "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3", "several blocks");
  check::equal(sha256_hex(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0", "a million");
  for (size_t length : {55, 56, 57, 63, 64, 65, 119, 120, 128}) {
    std::string text(length, 'x');
    for (size_t cut = 0; cut <= length; cut += 7) {
      Sha256 sum;
      sum.add(text.substr(0, cut));
      sum.add(text.substr(cut));
      if (sum.finish() != sha256_hex(text)) check::that(false, "in two parts: " + std::to_string(length) + " at " + std::to_string(cut));
    }
  }
  check::that(true, "in two parts, wherever it is cut");
}
