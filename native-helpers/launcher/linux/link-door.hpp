// The guardian's door for links: takes one request a connection, decides by the plan, and asks the host.
//
// Trust: what comes in is the server's own bytes, from as many processes as it likes; it is parsed by parse_link and nothing
// else of it is used. Bounds: one packet of 8 KiB, four connections at a time, six links and then one every ten seconds, two
// seconds for the packet and 25 for the answer. What the host says is parsed too: two exact forms, at most 16 KiB.
//
// Without a host nothing is opened: the guardian starts no browser itself, it cannot gain the rights that one may need.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../core/plan.hpp"
#include "descriptor.hpp"
#include "link-wire.hpp"

namespace belljar {

// What the host said: `reason` is empty when it allowed the link.
struct HostVerdict {
  std::string reason;
  bool asked = false;  // a person was asked just now
};

// Takes `{"outcome":"allowed","asked":...}` or `{"outcome":"refused","reason":"...","asked":...}` out of an HTTP answer;
// whatever has another form is `no-host`.
HostVerdict host_verdict(std::string_view answer);

class LinkDoor {
 public:
  // Listens at `<folder>/link.sock`, a folder of the run's own that the server cannot reach. False, with errno, when it cannot.
  bool open(int folder, const Plan& plan, const std::string& run);

  // Readable when `serve` has something to do; -1 when it is closed.
  int descriptor() const { return waits_.get(); }
  void serve();

  // A new plan's.
  void change_rules(std::vector<std::string> links) { rules_ = std::move(links); }

  // The supervisor's end of the notes.
  Descriptor take_notes() { return std::move(notes_out_); }

 private:
  struct Request {
    Descriptor server;  // the helper
    Descriptor host;    // while it is asked
    int64_t deadline = 0;
    bool granted = false;
    int process = 0;
    std::string name;    // the link's host
    std::string answer;  // of the host, so far
  };

  void take();
  void read_link(Request& request);
  void read_answer(Request& request);
  void ask(Request& request, std::string_view link);
  void finish(Request& request, std::string_view reason);
  void leave(Request& request);
  void note(const Request& request, LinkNote::Verdict verdict, bool last);
  bool watch(int fd);
  bool spend();
  void set_timer();

  bool ask_links_ = false;
  std::vector<std::string> rules_;
  std::string server_;
  std::string run_;
  std::string state_folder_;  // of Belljar; the host's socket is linked there
  Descriptor listener_;
  Descriptor waits_;  // epoll
  Descriptor timer_;
  Descriptor notes_;
  Descriptor notes_out_;
  std::vector<Request> requests_;
  double tokens_ = 6;
  int64_t refilled_ = 0;
};

}  // namespace belljar
