#include "alerts/routing.h"

#include <fmt/format.h>

#include <algorithm>

#include "alerts/strict_fields.h"
#include "base/error.h"

namespace millwright::alerts {
namespace {

constexpr std::string_view kRouteFields[] = {"match",      "receiver",       "group_by",
                                             "group_wait", "group_interval", "repeat_interval",
                                             "storm",      "continue",       "routes"};
constexpr std::string_view kStormFields[] = {"notifications", "within"};
constexpr std::string_view kInhibitFields[] = {"source", "target", "equal"};
constexpr std::string_view kAllLabels = "...";

// Tells where something is wrong by the whole path.
template <typename Read>
void At(const std::string& path, const Read& read) {
  try {
    read();
  } catch (const Error& error) {
    if (error.field().starts_with("routes") || error.field().starts_with("inhibit")) throw;
    throw InvalidArgument("{}", error.message())
        .WithField(error.field().empty() ? path : path + "." + error.field());
  }
}

void ReadDuration(const Json& json, std::string_view key, int64_t min_ms, int64_t* ms) {
  const Json* given = json.Find(key);
  if (given == nullptr || given->is_null()) return;
  *ms = ParseDurationMs(*given, key);
  if (*ms < min_ms)
    throw InvalidArgument("{} must be {} or more", key, DurationText(min_ms))
        .WithField(std::string(key));
}

void ReadLabelNames(const Json& json, std::string_view key, std::vector<std::string>* names) {
  if (!json.Has(key)) return;
  *names = json.GetStrings(key);
  for (const std::string& name : *names)
    if (name != kAllLabels && !IsLabelName(name))
      throw InvalidArgument("Not the name of a label: {}", name).WithField(std::string(key));
}

Route ReadRoute(const Json& json, Route route, const std::string& field, int depth, size_t* count) {
  if (++*count > kRoutesMax || depth > kRouteDepthMax)
    throw InvalidArgument("There are at most {} routes, {} deep", kRoutesMax, kRouteDepthMax)
        .WithField(field);
  route.routes.clear();
  route.match.clear();
  route.go_on = false;
  At(field, [&] {
    RefuseUnknownFields(json, kRouteFields, "a route");
    if (const Json* match = json.Find("match"); match != nullptr && !match->is_null())
      route.match = MatchersFromJson(*match, "match");
    if (depth == 0 && !route.match.empty())
      throw InvalidArgument("The outermost route takes every alert and has no match")
          .WithField("match");
    route.receiver = json.GetString("receiver", route.receiver);
    ReadLabelNames(json, "group_by", &route.group_by);
    ReadDuration(json, "group_wait", 0, &route.group_wait_ms);
    ReadDuration(json, "group_interval", kGroupIntervalMsMin, &route.group_interval_ms);
    ReadDuration(json, "repeat_interval", kGroupIntervalMsMin, &route.repeat_interval_ms);
    if (const Json* storm = json.Find("storm"); storm != nullptr && !storm->is_null()) {
      RefuseUnknownFields(*storm, kStormFields, "storm");
      route.storm_notifications = storm->GetInt("notifications", route.storm_notifications);
      ReadDuration(*storm, "within", kGroupIntervalMsMin, &route.storm_within_ms);
    }
    route.go_on = json.GetBool("continue", false);
  });
  const Json* inner = json.Find("routes");
  if (inner == nullptr || inner->is_null()) return route;
  const Json::Array& list = inner->AsArray("routes");
  for (size_t i = 0; i < list.size(); ++i) {
    Route inherited = route;
    inherited.path = fmt::format("{}.{}", route.path, i);
    route.routes.push_back(ReadRoute(list[i], std::move(inherited),
                                     fmt::format("{}.routes[{}]", field, i), depth + 1, count));
  }
  return route;
}

// Appends the routes that take an alert; returns whether there was one.
bool Take(const Route& route, const Labels& labels, std::vector<const Route*>* taken) {
  if (!MatchesAll(route.match, labels)) return false;
  bool inside = false;
  for (const Route& inner : route.routes) {
    if (!Take(inner, labels, taken)) continue;
    inside = true;
    if (!inner.go_on) break;
  }
  if (!inside) taken->push_back(&route);
  return true;
}

void CollectReceivers(const Route& route, std::vector<std::string>* receivers) {
  if (!route.receiver.empty()) receivers->push_back(route.receiver);
  for (const Route& inner : route.routes) CollectReceivers(inner, receivers);
}

Json RouteJson(const Route& route) {
  Json names = Json::MakeArray();
  for (const std::string& name : route.group_by) names.Append(name);
  Json inner = Json::MakeArray();
  for (const Route& one : route.routes) inner.Append(RouteJson(one));
  Json json = Json::MakeObject();
  if (!route.match.empty()) json.Set("match", MatchersJson(route.match));
  json.Set("receiver", route.receiver).Set("group_by", names);
  json.Set("group_wait", DurationText(route.group_wait_ms));
  json.Set("group_interval", DurationText(route.group_interval_ms));
  json.Set("repeat_interval", DurationText(route.repeat_interval_ms));
  json.Set("storm", Json::Of({{"notifications", route.storm_notifications},
                              {"within", DurationText(route.storm_within_ms)}}));
  if (route.go_on) json.Set("continue", true);
  return json.Set("routes", inner);
}

}  // namespace

std::vector<const Route*> Routing::RoutesOf(const Labels& labels) const {
  std::vector<const Route*> taken;
  Take(root, labels, &taken);
  std::erase_if(taken, [](const Route* route) { return route->receiver.empty(); });
  return taken;
}

std::vector<std::string> Routing::Receivers() const {
  std::vector<std::string> receivers;
  CollectReceivers(root, &receivers);
  std::sort(receivers.begin(), receivers.end());
  receivers.erase(std::unique(receivers.begin(), receivers.end()), receivers.end());
  return receivers;
}

Json Routing::ToJson() const {
  Json list = Json::MakeArray();
  for (const Inhibition& one : inhibitions) {
    Json equal = Json::MakeArray();
    for (const std::string& name : one.equal) equal.Append(name);
    list.Append(Json::Of({{"source", MatchersJson(one.source)},
                          {"target", MatchersJson(one.target)},
                          {"equal", equal}}));
  }
  return Json::Of({{"routes", RouteJson(root)}, {"inhibit", list}});
}

Routing Routing::FromJson(const Json& json) {
  Routing routing;
  routing.root.path = "0";
  size_t count = 0;
  if (const Json* routes = json.Find("routes"); routes != nullptr && !routes->is_null())
    routing.root = ReadRoute(*routes, routing.root, "routes", 0, &count);
  const Json* inhibit = json.Find("inhibit");
  if (inhibit == nullptr || inhibit->is_null()) return routing;
  const Json::Array& list = inhibit->AsArray("inhibit");
  if (list.size() > kRoutesMax)
    throw InvalidArgument("There are at most {} inhibitions", kRoutesMax).WithField("inhibit");
  for (size_t i = 0; i < list.size(); ++i) {
    At(fmt::format("inhibit[{}]", i), [&] {
      RefuseUnknownFields(list[i], kInhibitFields, "an inhibition");
      Inhibition one;
      one.source = MatchersFromJson(list[i].At("source"), "source");
      one.target = MatchersFromJson(list[i].At("target"), "target");
      ReadLabelNames(list[i], "equal", &one.equal);
      routing.inhibitions.push_back(std::move(one));
    });
  }
  return routing;
}

Labels GroupOf(const Route& route, const Labels& labels) {
  Labels group;
  for (const std::string& name : route.group_by) {
    if (name == kAllLabels) return labels;
    if (const auto found = labels.find(name); found != labels.end()) group.insert(*found);
  }
  return group;
}

}  // namespace millwright::alerts
