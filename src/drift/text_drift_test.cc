// Real mails, and what is written elsewhere.
#include <gtest/gtest.h>

#include <algorithm>

#include "drift/reference_drift.h"

namespace millwright::drift {
namespace {

const std::string kTexts = std::string(MILLWRIGHT_SOURCE_DIR) + "/tests/data/texts/";

class TextDrift : public ::testing::Test {
 protected:
  TextDrift() {
    session_.Execute("CREATE TABLE mails AS SELECT row_number() OVER () AS n, * FROM read_csv('" +
                     kTexts + "mails.csv.gz')");
    session_.Execute("CREATE TABLE reviews AS SELECT * FROM read_csv('" + kTexts +
                     "reviews.csv.gz')");
  }

  static std::string Mails(const std::string& condition) {
    return "(SELECT text FROM mails WHERE " + condition + ")";
  }

  FeatureDrift OutOfVocabulary(const std::string& table, const Reference& reference) {
    for (const FeatureDrift& feature :
         CompareWithReference(session_, table, reference, MillwrightPreset())) {
      if (feature.name == "text:oov") return feature;
    }
    ADD_FAILURE() << "no text:oov";
    return {};
  }

  double MeanShare(const std::string& table, const Reference& reference) {
    return session_
        .Query("SELECT avg(\"text:oov\") FROM " + ObservedSql(session_, table, reference))
        .Double(0, 0);
  }

  analytics::Session session_;
};

TEST_F(TextDrift, AnUnchangedStreamHasAsManyUnknownWordsAsTheReference) {
  // Small references are those of which a vocabulary knows all words but few of others.
  for (const int parts : {2, 8}) {
    SCOPED_TRACE(parts);
    const auto part = [&](int i) {
      return Mails("n % " + std::to_string(parts) + " = " + std::to_string(i));
    };
    const Reference reference = MakeReference(session_, part(0));
    const double was = *reference.profile.Find("text:oov")->mean;
    EXPECT_GT(was, 0.02);
    for (int i = 1; i < std::min(parts, 4); ++i) {
      const FeatureDrift feature = OutOfVocabulary(part(i), reference);
      ASSERT_TRUE(feature.score);
      EXPECT_FALSE(feature.drifted) << i << " " << *feature.score;
      EXPECT_NEAR(MeanShare(part(i), reference), was, 0.03) << i;
    }
  }
}

// What the same figure would say of its own rows without folds.
TEST_F(TextDrift, TheReferenceIsHeldAgainstWordsOfOtherRows) {
  const std::string table = Mails("n % 8 = 0");
  const Reference reference = MakeReference(session_, table);
  EXPECT_LT(MeanShare(table, reference), 0.5 * *reference.profile.Find("text:oov")->mean);
  // Which is no drift: windows that the reference was made of are judged, too.
  const FeatureDrift same = OutOfVocabulary(table, reference);
  EXPECT_FALSE(same.drifted) << same.score.value_or(-1);
}

TEST_F(TextDrift, SeesAnotherSubjectAndAnotherLanguage) {
  const Reference reference = MakeReference(session_, Mails("n % 2 = 0"));
  EXPECT_EQ(reference.known_words.at("text").front().size(), kKnownWordsMax);
  const FeatureDrift reviews = OutOfVocabulary("reviews", reference);
  EXPECT_TRUE(reviews.drifted) << reviews.score.value_or(-1);
  // Words of which a letter is another are words of another language, as far as this can tell.
  const std::string other =
      "(SELECT replace(replace(text, 'e', 'ø'), 'a', 'ы') AS text FROM mails)";
  const FeatureDrift language = OutOfVocabulary(other, reference);
  EXPECT_TRUE(language.drifted);
  EXPECT_GT(*language.score, *reviews.score);
  EXPECT_GT(MeanShare(other, reference), 0.5);
}

TEST_F(TextDrift, IsReadBackAsItWas) {
  const Reference reference = MakeReference(session_, Mails("n % 4 = 0"));
  const Json saved = reference.ToJson();
  const Reference read = Reference::FromJson(ParseJson(saved.Dump()));
  EXPECT_EQ(read.ToJson().Dump(), saved.Dump());
  EXPECT_LT(saved.Dump().size(), 200'000u);
  EXPECT_EQ(OutOfVocabulary("reviews", read).score, OutOfVocabulary("reviews", reference).score);
}

TEST_F(TextDrift, TextsWithoutWordsHaveNoShare) {
  session_.Execute(
      "CREATE TABLE odd AS SELECT unnest(['', '!!!', NULL, 'one', 'two two', 'three one']) AS "
      "text");
  const Reference reference = MakeReference(session_, "odd");
  EXPECT_EQ(reference.profile.Find("text:oov")->missing, 3);
}

}  // namespace
}  // namespace millwright::drift
