#include <random>

#include "tracking/run_store.h"

namespace millwright::tracking {
namespace {

constexpr std::string_view kAdjectives[] = {
    "able",   "amber",   "apt",    "bold",   "brave",  "brisk",  "calm",   "clean", "clear",
    "clever", "crisp",   "deft",   "eager",  "early",  "fair",   "fine",   "fleet", "fresh",
    "gentle", "glad",    "golden", "grand",  "happy",  "hardy",  "honest", "jolly", "keen",
    "kind",   "lively",  "lucky",  "mellow", "merry",  "mighty", "modest", "neat",  "nimble",
    "noble",  "patient", "plain",  "polite", "proud",  "quick",  "quiet",  "rapid", "ready",
    "rustic", "sharp",   "silent", "silver", "smooth", "spry",   "steady", "stout", "sunny",
    "swift",  "tidy",    "trim",   "upbeat", "useful", "vivid",  "warm",   "wise",  "witty",
};
constexpr std::string_view kNouns[] = {
    "anvil",   "auger",   "axle",   "badger",  "barn",   "beam",   "bellows", "bobbin",  "brook",
    "cog",     "crane",   "dove",   "falcon",  "finch",  "flume",  "forge",   "gear",    "grist",
    "hammer",  "heron",   "hopper", "kestrel", "kiln",   "ladle",  "lark",    "lathe",   "lever",
    "loom",    "mallet",  "marten", "mason",   "mill",   "miller", "newt",    "oak",     "otter",
    "owl",     "pestle",  "piston", "plane",   "plover", "pulley", "quern",   "rail",    "raven",
    "rivet",   "robin",   "rudder", "saddle",  "sail",   "shaft",  "shuttle", "sluice",  "smith",
    "sparrow", "spindle", "spoke",  "stoat",   "stone",  "swan",   "thrush",  "trestle", "wheel",
};

}  // namespace

std::string MakeRunName() {
  thread_local std::mt19937 generator(std::random_device{}());
  const auto pick = [](size_t n) {
    return std::uniform_int_distribution<size_t>(0, n - 1)(generator);
  };
  std::string name(kAdjectives[pick(std::size(kAdjectives))]);
  name += '-';
  name += kNouns[pick(std::size(kNouns))];
  name += '-';
  name += std::to_string(pick(1000));
  return name;
}

}  // namespace millwright::tracking
