// The supervisor's part of a new plan: the housekeeping thread takes it in and says so, the serving thread takes it up before it decides
// over the next call. So nothing that is decided over is changed under it, and what was withdrawn is refused from then on.
#include <cerrno>
#include <fcntl.h>
#include <poll.h>

#include "opener.hpp"
#include "packets.hpp"
#include "plan-update.hpp"
#include "supervisor.hpp"

namespace belljar {

namespace {

constexpr int rules_wait_ms = 200;

}  // namespace

void Supervisor::take_in_plans() {
  while (settings_.plan_changes) {
    std::string word;
    std::vector<Descriptor> descriptors;
    Received received = receive_packet(settings_.plan_changes.get(), word, 64, descriptors, false);
    if (received == Received::closed) settings_.plan_changes.reset();
    if (received != Received::packet) return;
    PlanUpdate update;
    if (descriptors.empty() || !read_plan_update(descriptors[0], update)) continue;
    if (!update.refused) {
      NewRules rules;
      std::string error;
      if (!parse_plan(update.plan, rules.plan, error) || !rules.hosts.compile(rules.plan.hosts, error)) continue;
      rules.areas = AreaRules(std::move(update.areas), rules.plan.patterns);
      rules.sockets = std::move(update.sockets);
      if (descriptors.size() > 1) rules.opener = std::move(descriptors[1]);
      std::lock_guard lock(new_rules_mutex_);
      new_rules_ = std::move(rules);
      has_new_rules_.store(true);
    }
    spool_.plan_change(update.refused, update.event, settings_.server, settings_.program);
  }
}

void Supervisor::take_up_rules() {
  std::optional<NewRules> rules;
  {
    std::lock_guard lock(new_rules_mutex_);
    rules = std::move(new_rules_);
    new_rules_.reset();
    has_new_rules_.store(false);
  }
  if (!rules) return;
  areas_ = std::move(rules->areas);
  opener_ = std::move(rules->opener);
  settings_.sockets = std::move(rules->sockets);
  NetworkRules& network = settings_.network;
  if (network.network != Network::none) {
    network.local_ports = rules->plan.local_ports;
    network.listen_ports = rules->plan.listen_ports;
    network_.change_hosts(network, rules->plan.hosts, std::move(rules->hosts));
  }
  // Opens that wait for somebody are not let through any more where the new plan refuses them.
  std::lock_guard lock(pending_mutex_);
  std::erase_if(pending_opens_, [this](const PendingOpen& one) {
    Touch touch = (one.flags & O_ACCMODE) == O_RDONLY ? Touch::read : Touch::change;
    if (areas_.judge(path_of(one.held ? one.held.get() : one.object.get()), touch).kind == AreaVerdict::Kind::allowed) return false;
    seccomp_notif_resp response{};
    response.id = one.id;
    response.error = -EACCES;
    ioctl(listener_, SECCOMP_IOCTL_NOTIF_SEND, &response);
    return true;
  });
}

// The opener ended because a new plan has another one: that plan is on its way.
bool Supervisor::wait_for_rules() {
  for (int waited = 0; waited < rules_wait_ms && !has_new_rules_.load(); waited++) poll(nullptr, 0, 1);
  if (!has_new_rules_.load()) return false;
  take_up_rules();
  return true;
}

}  // namespace belljar
