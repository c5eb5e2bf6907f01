#include "../launcher/core/text.hpp"

#include "check.hpp"

using namespace belljar;

void test_text() {
  check::equal(parse_number("0", 10).value_or(99), 0u, "zero is a number");
  check::equal(parse_number("10", 10).value_or(99), 10u, "the bound itself is in");
  for (const char* bad : {"", "11", "-1", "+1", "01", "1 ", "0x1", "99999999999999999999999"}) {
    check::that(!parse_number(bad, 10), std::string("not a number within the bound: ") + bad);
  }
  check::equal(percent_decode("/a%20b%25c").value_or(""), "/a b%c", "percent decoding");
  check::equal(percent_decode("/\xC3\xA9").value_or(""), "/\xC3\xA9", "bytes above ASCII stand as they are");
  for (const char* bad : {"/a%", "/a%2", "/a%2g", "/a%0a", "/a%00", "/a%41", "/a b"}) {
    check::that(!percent_decode(bad), std::string("refused: ") + bad);
  }
  check::that(path_within("/a/b", "/a") && path_within("/a", "/a") && path_within("/x", "/"), "inside a folder");
  check::that(!path_within("/ab", "/a") && !path_within("/", "/a") && !path_within("a", "/"), "not inside by prefix only");
  check::equal(lexical_path("/a/b", "../c/./d//e"), "/a/c/d/e", "relative paths");
  check::equal(lexical_path("/a", "/../../x/.."), "/", "never above the root");
  check::that(valid_server_id("claude-desktop.filesystem") && valid_server_id("0"), "server ids");
  for (const char* bad : {"", ".a", "-a", "A", "a/b", "a b", "../x"}) check::that(!valid_server_id(bad), std::string("not a server id: ") + bad);
  check::that(!valid_server_id(std::string(65, 'a')) && valid_server_id(std::string(64, 'a')), "server ids hold 64 characters");

  std::string out;
  check::that(append_json_string(out, "a\"b\\c\n\x01\xE2\x80\xAE"), "valid text");
  check::equal(out, "\"a\\\"b\\\\c\\u000a\\u0001\\u202e\"", "control and direction characters are escaped");
  out.clear();
  check::that(!append_json_string(out, "\xFF\xC0\x80\xED\xA0\x80z"), "invalid UTF-8 is reported");
  check::equal(out, "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\"", "and replaced byte by byte");

  auto id = [](std::string_view line) { return initialize_request_id(line).value_or("none"); };
  // The number is repeated to the client, so it must be JSON itself.
  check::equal(id(R"({"id":"a\u00e4","method":"initialize"})"), R"("a\u00e4")", "an escape in a request's id");
  check::equal(id(R"({"id":"a\u000!","method":"initialize"})"), "none", "an escape of three digits");
  check::equal(id(R"({"id":"a\x","method":"initialize"})"), "none", "an escape that JSON does not know");
  check::equal(id("{\"id\":\"a\xff\",\"method\":\"initialize\"}"), "none", "bytes that are no text");
  check::equal(id(R"({"id":-1.5e+3,"method":"initialize"})"), "-1.5e+3", "a number with all its parts");
  check::equal(id(R"({"id":1.e+-5,"method":"initialize"})"), "none", "what only looks like a number");
  check::equal(id(R"({"id":01,"method":"initialize"})"), "none", "a number with a zero before it");
  check::equal(id(R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"a":[1,{"id":9}]}})"), "1", "number id");
  check::equal(id(R"( {"method":"initialize" , "id" : "a\"b" } )"), "\"a\\\"b\"", "string id");
  check::equal(id(R"({"id":1,"method":"tools/list"})"), "none", "another method");
  check::equal(id(R"({"method":"initialize"})"), "none", "a notification");
  check::equal(id(R"({"id":null,"method":"initialize"})"), "none", "null id");
  check::equal(id(R"({"id":{"x":1},"method":"initialize"})"), "none", "object id");
  check::equal(id(R"({"id":1,"method":"initialize"}x)"), "none", "trailing bytes");
  check::equal(id(R"({"id":1,"method":"initialize")"), "none", "cut short");
  check::equal(id(""), "none", "nothing");
  std::string deep = R"({"id":1,"method":"initialize","params":)" + std::string(5000, '[') + std::string(5000, ']') + "}";
  check::equal(id(deep), "none", "nesting is bounded");

  check::equal(iso_time(0), "1970-01-01T00:00:00.000Z", "the epoch");
  check::equal(iso_time(1'709'210'096'789'000'000), "2024-02-29T12:34:56.789Z", "a leap day");
}
