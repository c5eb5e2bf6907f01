// The plan's `host` lines, made ready for decisions: which names may be looked up, which name may be reached at which port,
// which addresses are named as such. Pure; names are compared in lower case.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "address.hpp"
#include "plan.hpp"

namespace belljar {

constexpr size_t host_name_max = 253;
constexpr size_t host_label_max = 63;

// Labels of letters, digits, `-` and `_`, each of 1 to 63 bytes, together at most 253; the last one is not all digits, so that
// no name can be taken for an address. Lower case only.
bool valid_host_name(std::string_view name);

// Lower case, without a final dot.
std::string normal_host_name(std::string_view name);

class HostRules {
 public:
  // False and a sentence in `error` when a pattern is neither a name nor an address nor a network.
  bool compile(const std::vector<HostRule>& lines, std::string& error);

  // A host that the machine's own settings name (an upstream proxy): wherever it lies.
  void add_own(std::string_view host, uint16_t port);

  // Those of `before` that the machine's own settings made.
  void keep_own(const HostRules& before);

  bool empty() const { return names_.empty() && networks_.empty(); }

  // Is this address, at its port, named by address or network? `internet` says what kind of address it is: networks wider than
  // /8 (IPv4) or /7 (IPv6) name only addresses of the internet, so that "everything" does not mean this machine.
  bool names_address(const Address& address, bool internet) const;

  struct NameMatch {
    bool allowed = false;
    bool checked = false;   // every rule that allows it wants the name inside the connection checked
    bool exact = false;     // a rule names it in full
    bool own = false;       // named by the machine's own settings
  };
  NameMatch name_at(std::string_view name, uint16_t port) const;

  // May it be looked up, whatever the port? `below` is the length of what stands before the suffix of a `*.` rule, 0 for
  // a name that a rule holds in full. Not what only the machine's own settings name.
  bool may_look_up(std::string_view name, size_t& below) const;

  // Does a rule name it, in full or by its suffix, whatever the port and whoever's the rule?
  bool names_host(std::string_view name) const;

  // Names that the plan's rules hold in full, each once, in its order: made-up addresses are numbered by it, the same in
  // each process, whatever its own settings add.
  std::vector<std::string> full_names() const;

 private:
  struct NameRule {
    std::string name;  // without `*.`
    bool below = false;
    std::vector<PortRange> ports;
    bool checked = true;
    bool own = false;
  };
  struct NetworkRule {
    Address address;
    int length = 0;
    std::vector<PortRange> ports;
    bool own = false;
  };
  std::vector<NameRule> names_;
  std::vector<NetworkRule> networks_;
};

}  // namespace belljar
