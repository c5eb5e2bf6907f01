// Without a fuzzing engine: takes every file of a target's corpus, changes copies of it, and runs the target on them, under the
// sanitizers of the build.
//
//   fuzz <corpus folder> <rounds for each target> [seed [target]]
//
// A finding ends the program; the input that led to it is then in ./fuzz-finding, and the seed was said before. With clang,
// `npm run fuzz` plays the same targets with libFuzzer, which also looks at what the inputs reach.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <random>
#include <string>
#include <vector>

#include "targets.hpp"

namespace {

constexpr size_t input_max = 20'000;

std::vector<std::string> read_corpus(const std::string& folder) {
  std::vector<std::string> out = {std::string()};
  DIR* directory = opendir(folder.c_str());
  if (directory == nullptr) {
    std::fprintf(stderr, "fuzz: no corpus: %s\n", folder.c_str());
    std::exit(2);
  }
  while (dirent* entry = readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    FILE* file = std::fopen((folder + "/" + entry->d_name).c_str(), "rb");
    if (file == nullptr) continue;
    std::string bytes(input_max, '\0');
    bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
    std::fclose(file);
    out.push_back(std::move(bytes));
  }
  closedir(directory);
  return out;
}

// Bytes that mean something to one of the formats.
constexpr const char* pieces[] = {"\xC0\x0C", "\xC0\x0D", "\x00\x01", "\xFF\xFF", "\x16\x03\x01", "\r\n", "\r\n\r\n", "Host: ", "HTTP/1.1", " ", "\x3F", "\x40", "http://",
                                  "nameserver ", "options ", "198.18.0.1", "::ffff:", "host ", "*.", "/0", "\x01" "a\x07" "example", "\n", "#", "end\n"};

std::string change(std::string input, const std::vector<std::string>& corpus, std::mt19937_64& random) {
  auto below = [&random](size_t bound) { return bound == 0 ? size_t{0} : static_cast<size_t>(random() % bound); };
  for (size_t steps = 1 + below(6); steps > 0; steps--) {
    size_t at = below(input.size() + 1);
    switch (below(8)) {
      case 0:
        if (at < input.size()) input[at] = static_cast<char>(random());
        break;
      case 1:
        if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
        break;
      case 2:
        input.insert(at, 1, static_cast<char>(random()));
        break;
      case 3:
        if (at < input.size()) input.erase(at, 1 + below(8));
        break;
      case 4:
        input.insert(at, pieces[below(sizeof pieces / sizeof *pieces)]);
        break;
      case 5:
        input.resize(at);
        break;
      case 6: {
        const std::string& other = corpus[below(corpus.size())];
        input.insert(at, other.substr(below(other.size() + 1), below(64)));
        break;
      }
      default:
        if (at + 1 < input.size()) input[at] = '\0', input[at + 1] = static_cast<char>(below(64));
        break;
    }
  }
  if (input.size() > input_max) input.resize(input_max);
  return input;
}

const std::string* current = nullptr;

void keep_finding() {
  FILE* file = current != nullptr ? std::fopen("fuzz-finding", "wb") : nullptr;
  if (file == nullptr) return;
  std::fwrite(current->data(), 1, current->size(), file);
  std::fclose(file);
}

}  // namespace

// A broken promise is a finding like any other.
extern "C" const char* __asan_default_options() { return "handle_abort=1"; }
extern "C" void __sanitizer_set_death_callback(void (*callback)());

int main(int count, char** arguments) {
  if (count < 3) {
    std::fprintf(stderr, "usage: fuzz <corpus folder> <rounds> [seed [target]]\n");
    return 2;
  }
  __sanitizer_set_death_callback(keep_finding);
  uint64_t rounds = std::strtoull(arguments[2], nullptr, 10);
  uint64_t seed = count > 3 ? std::strtoull(arguments[3], nullptr, 10) : static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  std::printf("fuzz: seed %llu\n", static_cast<unsigned long long>(seed));
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  for (size_t i = 0; i < fuzz::targets_count; i++) {
    const fuzz::Target& target = fuzz::targets[i];
    if (count > 4 && std::strcmp(arguments[4], target.name) != 0) continue;
    std::vector<std::string> corpus = read_corpus(std::string(arguments[1]) + "/" + target.name);
    std::mt19937_64 random(seed);
    for (const std::string& input : corpus) {
      current = &input;
      target.run(reinterpret_cast<const uint8_t*>(input.data()), input.size());
    }
    for (uint64_t round = 0; round < rounds; round++) {
      std::string input = change(corpus[random() % corpus.size()], corpus, random);
      current = &input;
      target.run(reinterpret_cast<const uint8_t*>(input.data()), input.size());
    }
    std::printf("fuzz: %s: %zu files, %llu inputs\n", target.name, corpus.size(), static_cast<unsigned long long>(rounds));
  }
  return 0;
}
