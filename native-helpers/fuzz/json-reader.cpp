#include "json-reader.hpp"

#include <cstdint>
#include <cstring>

namespace fuzz {

namespace {

constexpr int depth_max = 64;

class Json {
 public:
  explicit Json(std::string_view text) : text_(text) {}
  bool whole() { return value(0) && at_ == text_.size(); }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (peek() != c || at_ >= text_.size()) return false;
    at_++;
    return true;
  }
  bool word(const char* one) {
    size_t size = strlen(one);
    if (text_.substr(at_, size) != one) return false;
    at_ += size;
    return true;
  }
  bool digits() {
    size_t before = at_;
    while (peek() >= '0' && peek() <= '9') at_++;
    return at_ > before;
  }
  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }
  bool utf8() {
    auto byte = [this](size_t i) { return at_ + i < text_.size() ? static_cast<uint8_t>(text_[at_ + i]) : uint8_t{0}; };
    auto tail = [&byte](size_t i) { return (byte(i) & 0xC0) == 0x80; };
    uint8_t first = byte(0);
    size_t size = first < 0x80 ? 1 : first >= 0xC2 && first < 0xE0 ? 2 : first >= 0xE0 && first < 0xF0 ? 3 : first >= 0xF0 && first < 0xF5 ? 4 : 0;
    if (size == 0) return false;
    for (size_t i = 1; i < size; i++) {
      if (!tail(i)) return false;
    }
    if ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) >= 0xA0) || (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) >= 0x90)) return false;
    at_ += size;
    return true;
  }
  bool string() {
    if (!take('"')) return false;
    while (at_ < text_.size()) {
      unsigned char c = static_cast<unsigned char>(peek());
      if (c == '"') return take('"');
      if (c < 0x20) return false;
      if (c != '\\') {
        if (!utf8()) return false;
        continue;
      }
      at_++;
      char escape = peek();
      at_++;
      if (escape == 'u') {
        for (int i = 0; i < 4; i++, at_++) {
          char d = peek();
          if (!((d >= '0' && d <= '9') || (d >= 'a' && d <= 'f') || (d >= 'A' && d <= 'F'))) return false;
        }
      } else if (escape == '\0' || strchr("\"\\/bfnrt", escape) == nullptr) {
        return false;
      }
    }
    return false;
  }
  bool value(int depth) {
    if (depth > depth_max) return false;
    switch (peek()) {
      case '{':
        at_++;
        if (take('}')) return true;
        do {
          if (!string() || !take(':') || !value(depth + 1)) return false;
        } while (take(','));
        return take('}');
      case '[':
        at_++;
        if (take(']')) return true;
        do {
          if (!value(depth + 1)) return false;
        } while (take(','));
        return take(']');
      case '"':
        return string();
      default:
        return word("true") || word("false") || word("null") || number();
    }
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

bool is_json(std::string_view text) { return Json(text).whole(); }

}  // namespace fuzz
