#include "../launcher/linux/secrets.hpp"

#include <string>
#include <vector>

#include "check.hpp"

using namespace belljar;

void test_secrets() {
  check::equal(std::string(kept_name("kept-by-belljar:API_KEY")), "API_KEY", "a reference");
  for (const char* text : {"", "kept-by-belljar:", "kept-by-belljar:1A", "kept-by-belljar:A B", "kept-by-belljar:A=", "xkept-by-belljar:A", "KEPT-BY-BELLJAR:A"}) {
    check::equal(std::string(kept_name(text)), "", text);
  }
  check::equal(std::string(kept_name("kept-by-belljar:" + std::string(200, 'A'))).size() == 200, true, "the longest name");
  check::equal(std::string(kept_name("kept-by-belljar:" + std::string(201, 'A'))), "", "a longer one");
  check::equal(std::string(kept_name_of_argument("--token=kept-by-belljar:A")), "A", "what follows an option");
  check::equal(std::string(kept_name_of_argument("kept-by-belljar:A")), "A", "an argument of its own");
  for (const char* text : {"token=kept-by-belljar:A", "--token=x=kept-by-belljar:A", "--kept-by-belljar:A", "-", ""}) {
    check::equal(std::string(kept_name_of_argument(text)), "", text);
  }
  auto left = [](std::vector<std::string> args) {
    std::string out;
    for (const std::string& argument : without_kept(args)) out += "[" + argument + "]";
    return out;
  };
  check::equal(left({"a", "--token=kept-by-belljar:A", "b"}), "[a][b]", "an assigned option goes");
  check::equal(left({"a", "--token", "kept-by-belljar:A", "b"}), "[a][b]", "and one with its value");
  check::equal(left({"kept-by-belljar:A", "--", "kept-by-belljar:B"}), "[--]", "alone, and behind dashes");
  check::equal(left({"a", "kept-by-belljar:A"}), "[a]", "what is no option stays");
  check::equal(left({"a", "--b", "c"}), "[a][--b][c]", "all others stay");
}
