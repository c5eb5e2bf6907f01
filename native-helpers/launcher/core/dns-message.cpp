#include "dns-message.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "resolver-files.hpp"

namespace belljar {

namespace {

constexpr size_t header_size = 12;
constexpr size_t wire_name_max = 255;
constexpr uint16_t class_in = 1;
constexpr uint16_t udp_size = 1232;

class Reader {
 public:
  explicit Reader(std::string_view bytes, size_t at = 0) : bytes_(bytes), at_(at) {}

  size_t at() const { return at_; }
  bool ok() const { return ok_; }
  bool done() const { return at_ == bytes_.size(); }
  uint8_t byte() {
    if (at_ >= bytes_.size()) return fail();
    return static_cast<uint8_t>(bytes_[at_++]);
  }
  uint16_t two() {
    uint16_t high = byte();
    return static_cast<uint16_t>(high << 8 | byte());
  }
  uint32_t four() {
    uint32_t high = two();
    return high << 16 | two();
  }
  std::string_view take(size_t size) {
    if (size > bytes_.size() - at_) {
      fail();
      return {};
    }
    at_ += size;
    return bytes_.substr(at_ - size, size);
  }

  // A name as wire labels without the final zero. Pointers lead strictly backwards, so there is no loop.
  std::string name(bool pointers) {
    std::string out;
    size_t at = at_;
    size_t bound = at_;  // a pointer must lead before this
    bool jumped = false;
    while (true) {
      if (at >= bytes_.size()) return bad();
      uint8_t length = static_cast<uint8_t>(bytes_[at]);
      if (length == 0) {
        if (!jumped) at_ = at + 1;
        return out;
      }
      if ((length & 0xC0) == 0xC0) {
        if (!pointers || at + 1 >= bytes_.size()) return bad();
        size_t to = static_cast<size_t>(length & 0x3F) << 8 | static_cast<uint8_t>(bytes_[at + 1]);
        if (to >= bound || to < header_size) return bad();
        if (!jumped) at_ = at + 2;
        jumped = true;
        bound = to;
        at = to;
        continue;
      }
      if (length > 63 || at + 1 + length > bytes_.size()) return bad();
      out.append(bytes_.substr(at, 1u + length));
      if (out.size() + 1 > wire_name_max) return bad();
      at += 1u + length;
    }
  }

 private:
  uint8_t fail() {
    ok_ = false;
    at_ = bytes_.size();
    return 0;
  }
  std::string bad() {
    fail();
    return {};
  }
  std::string_view bytes_;
  size_t at_;
  bool ok_ = true;
};

void put(std::string& out, uint16_t value) {
  out.push_back(static_cast<char>(value >> 8));
  out.push_back(static_cast<char>(value & 0xFF));
}

void put4(std::string& out, uint32_t value) {
  put(out, static_cast<uint16_t>(value >> 16));
  put(out, static_cast<uint16_t>(value & 0xFFFF));
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Lengths of labels are below 64, so no letter is among them.
std::string lower_all(std::string text) {
  for (char& c : text) c = lower(c);
  return text;
}

// Wire labels (no final zero) to text.
std::string text_of(std::string_view wire, bool& plain) {
  std::string out;
  plain = true;
  for (size_t at = 0; at < wire.size();) {
    size_t length = static_cast<uint8_t>(wire[at]);
    if (at > 0) out.push_back('.');
    for (char raw : wire.substr(at + 1, length)) {
      char c = lower(raw);
      bool usual = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
      if (usual) {
        out.push_back(c);
        continue;
      }
      plain = false;
      char escaped[8];
      snprintf(escaped, sizeof escaped, "\\%03u", static_cast<unsigned>(static_cast<uint8_t>(raw)));
      out += escaped;
    }
    at += 1 + length;
  }
  return out;
}

// Plain text to wire labels, without the final zero.
std::string wire_of(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    size_t dot = name.find('.');
    std::string_view label = name.substr(0, dot);
    out.push_back(static_cast<char>(label.size()));
    out.append(label);
    name = dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
  }
  return out;
}

struct Record {
  std::string owner;  // wire, lower case
  uint16_t type;
  uint32_t ttl;
  size_t at;    // of the data, in the whole message
  size_t size;
};

void put_record(DnsAnswer& out, std::string_view owner, uint16_t type, uint32_t ttl, std::string_view data) {
  out.records.append(owner);
  out.records.push_back('\0');
  put(out.records, type);
  put(out.records, class_in);
  put4(out.records, ttl);
  put(out.records, static_cast<uint16_t>(data.size()));
  out.records.append(data);
  out.count++;
}

void put_name(std::string& out, std::string_view wire) {
  out.append(wire);
  out.push_back('\0');
}

Address address_from(std::string_view bytes) {
  Address address;
  address.v4 = bytes.size() == 4;
  memcpy(address.bytes, bytes.data(), bytes.size());
  take_apart(address);
  return address;
}

// SVCB and HTTPS. Parameters stand in strictly rising order of their keys.
bool service_data(std::string_view message, const Record& record, bool bare, uint32_t ttl, DnsAnswer& out, std::string& data) {
  constexpr uint16_t mandatory = 0, hint_v4 = 4, encrypted_hello = 5, hint_v6 = 6;
  size_t end = record.at + record.size;
  Reader in(message.substr(0, end), record.at);
  uint16_t priority = in.two();
  std::string target = in.name(false);
  if (!in.ok() || (bare && !target.empty() && lower_all(target) != record.owner)) return false;
  put(data, priority);
  put_name(data, target);
  int last = -1;
  std::vector<DnsAddress> hints;
  while (in.ok() && !in.done()) {
    uint16_t key = in.two();
    uint16_t size = in.two();
    std::string_view value = in.take(size);
    if (!in.ok() || key <= last) return false;
    last = key;
    bool hint = key == hint_v4 || key == hint_v6;
    size_t one = key == hint_v4 ? 4 : 16;
    if (hint && (value.empty() || value.size() % one != 0)) return false;
    if (bare && key == mandatory) {
      if (value.size() % 2 != 0) return false;
      for (size_t at = 0; at < value.size(); at += 2) {
        uint16_t needed = static_cast<uint16_t>(static_cast<uint8_t>(value[at]) << 8 | static_cast<uint8_t>(value[at + 1]));
        if (needed == hint_v4 || needed == hint_v6 || needed == encrypted_hello) return false;
      }
    }
    if (bare && (hint || key == encrypted_hello)) continue;
    for (size_t at = 0; hint && at < value.size(); at += one) hints.push_back({address_from(value.substr(at, one)), ttl});
    put(data, key);
    put(data, size);
    data.append(value);
  }
  if (!in.ok()) return false;
  out.addresses.insert(out.addresses.end(), hints.begin(), hints.end());
  return true;
}

// A record's data, built anew; false for what is not understood or not whole.
bool record_data(std::string_view message, const Record& record, bool bare, uint32_t ttl, DnsAnswer& out, std::string& data) {
  size_t end = record.at + record.size;
  std::string_view raw = message.substr(record.at, record.size);
  Reader in(message.substr(0, end), record.at);
  switch (record.type) {
    case dns_type::a:
    case dns_type::aaaa:
      if (raw.size() != (record.type == dns_type::a ? 4u : 16u)) return false;
      if (size_t index = 0; bare && made_up_index(address_from(raw), index)) return false;
      data = std::string(raw);
      out.addresses.push_back({address_from(raw), ttl});
      return true;
    case dns_type::cname:
    case dns_type::ns:
    case dns_type::ptr:
      put_name(data, in.name(true));
      return in.ok() && in.done();
    case dns_type::mx:
      put(data, in.two());
      put_name(data, in.name(true));
      return in.ok() && in.done();
    case dns_type::srv:
      for (int i = 0; i < 3; i++) put(data, in.two());
      put_name(data, in.name(true));
      return in.ok() && in.done();
    case dns_type::txt:
      while (in.ok() && !in.done()) in.take(in.byte());
      data = std::string(raw);
      return in.ok() && !raw.empty();
    case dns_type::caa:
      in.byte();
      in.take(in.byte());
      data = std::string(raw);
      return in.ok();
    case dns_type::svcb:
    case dns_type::https:
      return service_data(message, record, bare, ttl, out, data);
    default:
      return false;
  }
}

}  // namespace

bool parse_dns_query(std::string_view bytes, DnsQuery& out) {
  out = DnsQuery{};
  if (bytes.size() > dns_query_max) return false;
  Reader in(bytes);
  out.id = in.two();
  uint16_t flags = in.two();
  uint16_t questions = in.two();
  uint16_t answers = in.two();
  uint16_t authorities = in.two();
  uint16_t others = in.two();
  // A query (QR 0) of the standard kind (OPCODE 0).
  if (!in.ok() || (flags & 0xF800) != 0 || questions != 1 || answers != 0 || authorities != 0 || others > 1) return false;
  out.recursion = (flags & 0x0100) != 0;
  size_t begin = in.at();
  std::string wire = in.name(false);
  out.type = in.two();
  uint16_t kind = in.two();
  if (!in.ok() || kind != class_in) return false;
  out.question = std::string(bytes.substr(begin, in.at() - begin));
  out.name = text_of(wire, out.plain);
  if (others == 1) {
    std::string owner = in.name(false);
    uint16_t type = in.two();
    in.two();
    in.four();
    in.take(in.two());
    if (!in.ok() || !owner.empty() || type != dns_type::opt) return false;
    out.extended = true;
  }
  return in.done();
}

std::string build_dns_query(uint16_t id, std::string_view name, uint16_t type) {
  std::string out;
  put(out, id);
  put(out, 0x0100);  // recursion desired
  put(out, 1);
  put(out, 0);
  put(out, 0);
  put(out, 0);
  put_name(out, wire_of(name));
  put(out, type);
  put(out, class_in);
  return out;
}

bool parse_dns_answer(std::string_view bytes, uint16_t id, std::string_view name, uint16_t type, bool bare, DnsAnswer& out) {
  out = DnsAnswer{};
  if (bytes.size() > dns_message_max) return false;
  Reader in(bytes);
  uint16_t its_id = in.two();
  uint16_t flags = in.two();
  uint16_t questions = in.two();
  uint16_t answers = in.two();
  in.two();
  in.two();
  if (!in.ok() || its_id != id || (flags & 0xF800) != 0x8000 || questions != 1) return false;
  std::string asked = lower_all(in.name(true));
  uint16_t its_type = in.two();
  uint16_t kind = in.two();
  if (!in.ok() || asked != wire_of(name) || its_type != type || kind != class_in) return false;
  out.code = flags & 0x000F;
  out.truncated = (flags & 0x0200) != 0;
  if (out.truncated) return true;  // asked again over TCP; what is there may be cut

  std::vector<Record> records;
  if (answers > dns_records_max) return false;
  for (int i = 0; i < answers; i++) {
    Record record{};
    record.owner = lower_all(in.name(true));
    record.type = in.two();
    uint16_t its_class = in.two();
    uint32_t ttl = in.four();
    record.size = in.two();
    record.at = in.at();
    in.take(record.size);
    if (!in.ok()) return false;
    // The top bit means zero (RFC 2181); nothing is believed for longer than a day.
    record.ttl = (ttl & 0x80000000u) != 0 ? 0 : std::min(ttl, dns_ttl_max);
    if (its_class == class_in) records.push_back(std::move(record));
  }
  std::string current = asked;
  uint32_t least = dns_ttl_max;
  for (int hops = 0; type != dns_type::cname && hops < dns_chain_max; hops++) {
    auto next = std::find_if(records.begin(), records.end(), [&current](const Record& one) { return one.type == dns_type::cname && one.owner == current; });
    if (next == records.end()) break;
    std::string data;
    if (!record_data(bytes, *next, bare, next->ttl, out, data)) return false;
    put_record(out, current, dns_type::cname, next->ttl, data);
    least = std::min(least, next->ttl);
    data.pop_back();
    current = lower_all(std::move(data));
  }
  for (const Record& record : records) {
    if (record.type != type || record.owner != current) continue;
    std::string data;
    uint32_t ttl = std::min(least, record.ttl);
    if (record_data(bytes, record, bare, ttl, out, data)) put_record(out, current, record.type, record.ttl, data);
  }
  return out.records.size() <= dns_message_max - 1024;
}

DnsAnswer make_dns_answer(std::string_view name, uint16_t type, const std::vector<Address>& addresses, uint32_t ttl) {
  DnsAnswer out;
  for (const Address& address : addresses) {
    if (address.v4 != (type == dns_type::a)) continue;
    put_record(out, wire_of(name), type, ttl, std::string_view(reinterpret_cast<const char*>(address.bytes), address.v4 ? 4 : 16));
    out.addresses.push_back({address, ttl});
  }
  return out;
}

std::string build_dns_answer(const DnsQuery& query, const DnsAnswer& answer) {
  std::string out;
  put(out, query.id);
  // An answer; recursion is available.
  put(out, static_cast<uint16_t>(0x8080 | (query.recursion ? 0x0100 : 0) | (answer.code & 0x0F)));
  put(out, query.question.empty() ? 0 : 1);
  put(out, answer.count);
  put(out, 0);
  put(out, query.extended ? 1 : 0);
  out += query.question;
  out += answer.records;
  if (query.extended) {
    out.push_back('\0');
    put(out, dns_type::opt);
    put(out, udp_size);
    put4(out, 0);
    put(out, 0);
  }
  return out;
}

}  // namespace belljar
