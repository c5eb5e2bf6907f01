#include "text.hpp"

#include <cctype>
#include <cstdio>

namespace belljar {

std::optional<uint64_t> parse_number(std::string_view text, uint64_t max) {
  if (text.empty() || text.size() > 20 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    uint64_t digit = static_cast<uint64_t>(c - '0');
    if (value > (UINT64_MAX - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  if (value > max) return std::nullopt;
  return value;
}

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); i++) {
    unsigned char c = static_cast<unsigned char>(text[i]);
    if (c < 0x21 || c == 0x7F) return std::nullopt;
    if (c != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    int high = hex_digit(text[i + 1]);
    int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
    unsigned char decoded = static_cast<unsigned char>(high * 16 + low);
    // One spelling for each value: only what must be encoded may be.
    if (decoded >= 0x21 && decoded != 0x7F && decoded != '%') return std::nullopt;
    out.push_back(static_cast<char>(decoded));
    i += 2;
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  size_t start = 0;
  while (true) {
    size_t end = text.find(separator, start);
    if (end == std::string_view::npos) {
      parts.push_back(text.substr(start));
      return parts;
    }
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
}

bool path_within(std::string_view path, std::string_view folder) {
  if (folder == "/") return !path.empty() && path[0] == '/';
  if (path.size() < folder.size() || path.substr(0, folder.size()) != folder) return false;
  return path.size() == folder.size() || path[folder.size()] == '/';
}

bool plain_path(std::string_view path) {
  if (path.size() < 2 || path[0] != '/' || path.back() == '/') return false;
  for (size_t i = 0; i + 1 < path.size(); i++) {
    if (path[i] != '/') continue;
    if (path[i + 1] == '/') return false;
    if (path[i + 1] != '.') continue;
    char next = i + 2 < path.size() ? path[i + 2] : '/';
    if (next == '/' || (next == '.' && (i + 3 >= path.size() || path[i + 3] == '/'))) return false;
  }
  return true;
}

std::string_view base_name(std::string_view path) {
  size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view parent_of(std::string_view path) {
  size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? std::string_view("/") : path.substr(0, slash);
}

std::string lexical_path(std::string_view base, std::string_view path) {
  std::string out;
  auto add = [&out](std::string_view text) {
    for (std::string_view part : split(text, '/')) {
      if (part.empty() || part == ".") continue;
      if (part == "..") {
        size_t slash = out.rfind('/');
        out.resize(slash == std::string::npos ? 0 : slash);
        continue;
      }
      out.push_back('/');
      out.append(part);
    }
  };
  if (path.empty() || path[0] != '/') add(base);
  add(path);
  if (out.empty()) out = "/";
  return out;
}

bool valid_server_id(std::string_view text) {
  if (text.empty() || text.size() > 64) return false;
  for (size_t i = 0; i < text.size(); i++) {
    char c = text[i];
    bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!plain && (i == 0 || (c != '.' && c != '-'))) return false;
  }
  return true;
}

namespace {

// Length of the valid UTF-8 sequence at `text[i]` and its code point; 0 when invalid (overlong and surrogates included).
size_t utf8_at(std::string_view text, size_t i, uint32_t& code) {
  unsigned char lead = static_cast<unsigned char>(text[i]);
  size_t length = 0;
  if (lead < 0x80) {
    code = lead;
    return 1;
  }
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
    code = lead & 0x1F;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    code = lead & 0x0F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    code = lead & 0x07;
  } else {
    return 0;
  }
  if (i + length > text.size()) return 0;
  for (size_t k = 1; k < length; k++) {
    unsigned char next = static_cast<unsigned char>(text[i + k]);
    if ((next & 0xC0) != 0x80) return 0;
    code = (code << 6) | (next & 0x3F);
  }
  if ((length == 3 && code < 0x800) || (length == 4 && (code < 0x10000 || code > 0x10FFFF))) return 0;
  if (code >= 0xD800 && code <= 0xDFFF) return 0;
  return length;
}

bool needs_escape(uint32_t code) {
  return code < 0x20 || code == 0x7F || (code >= 0x80 && code < 0xA0) || code == 0x2028 || code == 0x2029 ||
         code == 0x200E || code == 0x200F || (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

}  // namespace

bool append_json_string(std::string& out, std::string_view text) {
  bool valid = true;
  out.push_back('"');
  for (size_t i = 0; i < text.size();) {
    uint32_t code = 0;
    size_t length = utf8_at(text, i, code);
    if (length == 0) {
      valid = false;
      out.append("\xEF\xBF\xBD");
      i++;
      continue;
    }
    if (code == '"' || code == '\\') {
      out.push_back('\\');
      out.push_back(static_cast<char>(code));
    } else if (needs_escape(code)) {
      char escaped[8];
      snprintf(escaped, sizeof escaped, "\\u%04x", code);
      out.append(escaped);
    } else {
      out.append(text.substr(i, length));
    }
    i += length;
  }
  out.push_back('"');
  return valid;
}

namespace {

// A cursor over one JSON text. Depth is bounded; every function returns false on the first deviation.
struct JsonCursor {
  std::string_view text;
  size_t at = 0;

  void space() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r' || text[at] == '\n')) at++;
  }
  bool take(char c) {
    if (at >= text.size() || text[at] != c) return false;
    at++;
    return true;
  }
  bool string(std::string_view& raw) {
    size_t start = at;
    if (!take('"')) return false;
    while (at < text.size()) {
      unsigned char c = static_cast<unsigned char>(text[at]);
      if (c < 0x20) return false;
      if (c == '"') {
        at++;
        raw = text.substr(start, at - start);
        return true;
      }
      at++;
      if (c == '\\' && !escape()) return false;
    }
    return false;
  }
  // What may stand behind a backslash: it is repeated to the client as it is.
  bool escape() {
    if (at >= text.size()) return false;
    char kind = text[at++];
    for (int i = 0; kind == 'u' && i < 4; i++) {
      if (at >= text.size() || isxdigit(static_cast<unsigned char>(text[at++])) == 0) return false;
    }
    return std::string_view("\"\\/bfnrtu").find(kind) != std::string_view::npos;
  }
  bool digits() {
    size_t start = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') at++;
    return at > start;
  }
  bool number(std::string_view& raw) {
    size_t start = at;
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      if (!digits()) return false;
    }
    raw = text.substr(start, at - start);
    return raw.size() <= 32;
  }
  bool word(std::string_view expected) {
    if (text.substr(at, expected.size()) != expected) return false;
    at += expected.size();
    return true;
  }
  bool value(std::string_view& raw, int depth) {
    if (depth > 64) return false;
    space();
    size_t start = at;
    if (at >= text.size()) return false;
    std::string_view inner;
    switch (text[at]) {
      case '"':
        return string(raw);
      case '{':
      case '[': {
        bool object = text[at] == '{';
        char close = object ? '}' : ']';
        at++;
        space();
        if (take(close)) break;
        while (true) {
          if (object) {
            space();
            if (!string(inner)) return false;
            space();
            if (!take(':')) return false;
          }
          if (!value(inner, depth + 1)) return false;
          space();
          if (take(close)) break;
          if (!take(',')) return false;
        }
        break;
      }
      case 't':
        if (!word("true")) return false;
        break;
      case 'f':
        if (!word("false")) return false;
        break;
      case 'n':
        if (!word("null")) return false;
        break;
      default:
        return number(raw);
    }
    raw = text.substr(start, at - start);
    return true;
  }
};

}  // namespace

std::optional<std::string> initialize_request_id(std::string_view line) {
  JsonCursor cursor{line};
  std::optional<std::string> id;
  bool initialize = false;
  cursor.space();
  if (!cursor.take('{')) return std::nullopt;
  while (true) {
    std::string_view key;
    std::string_view raw;
    cursor.space();
    if (!cursor.string(key)) return std::nullopt;
    cursor.space();
    if (!cursor.take(':') || !cursor.value(raw, 0)) return std::nullopt;
    if (key == "\"method\"") initialize = raw == "\"initialize\"";
    if (key == "\"id\"") {
      bool usable = !raw.empty() && raw.size() <= 512 && (raw[0] == '"' || raw[0] == '-' || (raw[0] >= '0' && raw[0] <= '9'));
      std::string again;
      if (!usable || !append_json_string(again, raw)) return std::nullopt;
      id = std::string(raw);
    }
    cursor.space();
    if (cursor.take('}')) break;
    if (!cursor.take(',')) return std::nullopt;
  }
  cursor.space();
  if (cursor.at != line.size() || !initialize) return std::nullopt;
  return id;
}

std::string iso_time(int64_t nanoseconds) {
  // Civil date from days since 1970, after the well-known algorithm for the proleptic Gregorian calendar.
  int64_t milliseconds = nanoseconds / 1'000'000;
  int64_t seconds = milliseconds / 1000;
  int64_t days = seconds / 86'400;
  int64_t rest = seconds % 86'400;
  int64_t z = days + 719'468;
  int64_t era = z / 146'097;
  int64_t day_of_era = z - era * 146'097;
  int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t shifted_month = (5 * day_of_year + 2) / 153;
  int64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  char out[40];
  snprintf(out, sizeof out, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", static_cast<int>(year), static_cast<int>(month),
           static_cast<int>(day), static_cast<int>(rest / 3600), static_cast<int>(rest / 60 % 60),
           static_cast<int>(rest % 60), static_cast<int>(milliseconds % 1000));
  return out;
}

}  // namespace belljar
