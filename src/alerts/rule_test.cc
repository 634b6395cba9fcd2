#include "alerts/rule.h"

#include <gtest/gtest.h>

#include "alerts/series.h"
#include "base/error.h"
#include "base/yaml.h"

namespace millwright::alerts {
namespace {

std::string Refusal(const std::string& yaml) {
  try {
    Rule::FromJson(ParseYaml("name: r\nexpr: millwright_up_seconds\n" + yaml));
  } catch (const Error& error) {
    return error.field() + ": " + error.message();
  }
  return "";
}

TEST(Rule, SaysWhatIsWrongWithIt) {
  EXPECT_EQ(Refusal("above: 1\n"), "");
  EXPECT_EQ(Refusal("abov: 1\n"), "abov: unknown field abov; did you mean above?");
  EXPECT_EQ(Refusal("above: 1\nbelow: 2\n"),
            "below: A rule has one of above, at_least, below and at_most");
  EXPECT_EQ(Refusal("above: 1\nresolve_at: 2\n"),
            "resolve_at: resolve_at must be at most the threshold");
  EXPECT_EQ(Refusal("below: 1\nresolve_at: 2\n"), "");
  EXPECT_EQ(Refusal("for: soon\n"),
            "for: for must be a duration such as 90s, 5m or 1h30m, not soon");
  EXPECT_EQ(Refusal("severity: bad\n"),
            "severity: severity must be one of info, warning, critical, not bad");
  EXPECT_EQ(Refusal("annotations: {summary: \"{{ $valu }}\"}\n"),
            "annotations.summary: A template knows $value, $threshold and $labels.NAME, not $valu");
  EXPECT_EQ(Refusal("labels: {rule: x}\n"),
            "labels.rule: The label rule is given by the rule itself");
  try {
    Rule::FromJson(ParseYaml("name: r\nexpr: millwright_monitor_auc{feature=\"x\"}\n"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.message(),
              "millwright_monitor_auc has no label feature; it has monitor endpoint");
  }
}

TEST(Rule, IsTheSameAfterItWasStored) {
  for (const Rule& rule : DefaultRules()) {
    const Json json = rule.ToJson();
    EXPECT_EQ(Rule::FromJson(ParseJson(json.Dump())).ToJson(), json);
  }
}

TEST(Rule, FillsTemplatesIn) {
  const Labels labels{{"feature", "amount"}};
  const auto fill = [&](std::string_view text) {
    return FillTemplate(text, {.value = 0.123456, .threshold = 2, .labels = labels});
  };
  EXPECT_EQ(fill("{{ $labels.feature }} is {{ $value | humanizePercentage }}"), "amount is 12.35%");
  EXPECT_EQ(fill("{{$value | printf \"%.2f\"}} > {{ $threshold }}"), "0.12 > 2");
  EXPECT_EQ(fill("{{ printf \"%.1f\" $value }}"), "0.1");
  EXPECT_EQ(fill("{{ $value | humanize }}"), "123.5m");
  EXPECT_EQ(fill("{{ $labels.none }}."), ".");
  EXPECT_EQ(FillTemplate("{{ $value | humanizeDuration }}", {7'322, 0, labels}), "2h 2m 2s");
  EXPECT_THROW(fill("{{ $value | printf \"%n\" }}"), Error);
  EXPECT_THROW(fill("{{ $value | printf \"%s\" }}"), Error);
  EXPECT_THROW(fill("{{ $value"), Error);
}

TEST(Series, AreKnownByTheNamesOfHistograms) {
  EXPECT_EQ(FindSeries("millwright_endpoint_request_seconds_bucket")->name,
            "millwright_endpoint_request_seconds");
  EXPECT_EQ(FindSeries("millwright_up_seconds_bucket"), nullptr);
  EXPECT_EQ(NearestSeries("millwright_monitor_feature_drft"), "millwright_monitor_feature_drift");
}

}  // namespace
}  // namespace millwright::alerts
