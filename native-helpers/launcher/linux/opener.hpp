// The opener: makes calls in areas that were granted while the server ran. The supervisor confined itself before that, to what was
// granted at the start, so somebody else must. There is none until such a grant exists.
//
// Trust: it is made by the guardian, from the plan that the guardian read; its own Landlock domain holds that plan's areas and nothing
// else, and it may ask the kernel for little more than opens. The supervisor asks it with descriptors that it holds; the opener
// decides by itself, on the real path that the kernel tells for each of them. Who takes the supervisor over can have through it what the
// plan grants, and no more.
#pragma once
#include <vector>

#include "../core/area-rules.hpp"
#include "area-work.hpp"
#include "descriptor.hpp"
#include "places.hpp"

namespace belljar {

// In the process itself, after the fork: serves until the other end is closed.
[[noreturn]] void run_opener(Descriptor socket, const AreaRules& rules, const std::vector<Grant>& grants, int landlock_abi);

// One question as it came, with the descriptors that came along (they stay the caller's). False for what no supervisor asks: it was
// taken over. `call` and `objects` are whole only when it is true.
bool read_opener_question(const std::string& bytes, const std::vector<Descriptor>& descriptors, AreaCall& call, AreaObjects& objects);

// The supervisor's side. False when there is no opener (any more).
bool ask_opener(int socket, const AreaCall& call, const AreaObjects& objects, AreaDone& done);

}  // namespace belljar
