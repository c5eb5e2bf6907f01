#include "../launcher/core/pattern.hpp"

#include <algorithm>
#include <fstream>

#include "../launcher/core/text.hpp"
#include "check.hpp"

using namespace belljar;

void test_pattern() {
  std::ifstream table("tests/data/patterns.txt");
  check::that(static_cast<bool>(table), "the table of patterns is there");
  size_t lines = 0;
  for (std::string line; std::getline(table, line);) {
    if (line.empty() || line[0] == '#') continue;
    lines++;
    std::vector<std::string> fields;
    for (std::string_view field : split(line, ' ')) fields.push_back(percent_decode(field).value_or(std::string("\0", 1)));
    auto pattern = parse_pattern(fields[1]);
    if (fields[0] == "good" || fields[0] == "bad") {
      check::equal(pattern.has_value(), fields[0] == "good", line);
      continue;
    }
    check::that(pattern.has_value() && fields.size() >= 4, line);
    if (!pattern || fields.size() < 4) continue;
    auto segments = visible_segments(fields[3], fields[2]);
    if (fields[0] == "rest") {
      auto rests = pattern_rests(*pattern, fields[3], segments);
      check::that(fields.size() == 5 && std::find(rests.begin(), rests.end(), std::stoul(fields[4])) != rests.end(), line);
    } else {
      check::equal(pattern_names(*pattern, fields[3], segments), fields[0] == "names", line);
    }
  }
  check::that(lines > 60, "the table of patterns is whole");
  check::that(!parse_pattern(std::string_view("/a\0b", 4)), "no NUL in a pattern");
  check::that(!parse_pattern("**/" + std::string(256, 'a')), "a segment is bounded");
  check::that(segment_matches(std::string(100, '*') + "b", std::string(255, 'a') + "b"), "many stars");
  // Takes for ever where every star is tried with every length.
  std::string stars;
  for (int i = 0; i < 60; i++) stars += "a*";
  check::that(!segment_matches(stars + "b", std::string(255, 'a')), "many stars and no end");
}
