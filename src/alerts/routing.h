#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alerts/labels.h"

namespace millwright::alerts {

inline constexpr size_t kRoutesMax = 500;
inline constexpr int kRouteDepthMax = 20;
inline constexpr int64_t kGroupIntervalMsMin = 1'000;

// Who is told of which alerts, together with which others and how often. What a route does not say
// it has from the route around it.
struct Route {
  std::string path;  // "0", "0.1": the place in the tree
  Matchers match;    // all of them; the outermost has none
  std::string receiver;
  // Alerts with the same values of these labels are told of together; "..." stands for all labels.
  std::vector<std::string> group_by = {"rule"};
  int64_t group_wait_ms = 30'000;           // how long the first of a group waits for others
  int64_t group_interval_ms = 300'000;      // between messages about a group that changed
  int64_t repeat_interval_ms = 14'400'000;  // between messages about one that did not
  // More notifications than this within a time are held back and told of in one message.
  int64_t storm_notifications = 30;  // 0: no limit
  int64_t storm_within_ms = 600'000;
  bool go_on = false;  // `continue`: the next routes are asked too
  std::vector<Route> routes;
};

// While an alert fires that `source` matches, those that `target` matches and that have the same
// values of the labels `equal` are told to nobody.
struct Inhibition {
  Matchers source;
  Matchers target;
  std::vector<std::string> equal;
};

// The whole: what `routes` and `inhibit` of an alerts file say.
struct Routing {
  Route root;
  std::vector<Inhibition> inhibitions;

  // The routes that an alert takes: the innermost that matches, and further ones after `continue`.
  std::vector<const Route*> RoutesOf(const Labels& labels) const;
  // The names of all receivers.
  std::vector<std::string> Receivers() const;
  Json ToJson() const;
  // Reads {"routes": {…}, "inhibit": […]}. Throws kInvalidArgument with the path of what is wrong,
  // "routes.routes[1].match", as the field.
  static Routing FromJson(const Json& json);
};

// The labels that a group of a route has in common.
Labels GroupOf(const Route& route, const Labels& labels);

}  // namespace millwright::alerts
