// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "mqtt/limits.h"

namespace sealane::prove {

// A character of a topic, a filter or a client id: a Unicode scalar value, or one of two symbols
// that stand for the name of the thing, whatever it is.  A word with these is a family of texts,
// one for each name.
using Symbol = std::uint32_t;
constexpr Symbol kThingSymbol =
    0x110000;  // the name is the whole level, and every such level is it
constexpr Symbol kInnerSymbol = 0x110001;  // it is a part of the level
constexpr bool is_thing(Symbol symbol) { return symbol == kThingSymbol || symbol == kInnerSymbol; }

// A piece of a pattern.
struct Element {
  enum class Kind : std::uint8_t {
    Char,   // `symbol`
    One,    // any one character of `set`
    Run,    // any number of characters of `set`, none too
    Thing,  // the thing's name
  };
  enum class Set : std::uint8_t {
    Any,
    Level,  // all but `/`
    Value,  // what AWS IoT Core substitutes for a variable: all but `*`, `$`, `+`, `?`, `#`
    Name,   // the same without `/`
  };
  Kind kind = Kind::Char;
  Set set = Set::Any;
  Symbol symbol = 0;
  friend bool operator==(const Element&, const Element&) = default;
};
using Elements = std::vector<Element>;

bool is_in(Element::Set set, Symbol symbol);
void append_text(Elements& out, std::string_view text);
inline Element thing_element() { return {.kind = Element::Kind::Thing}; }
inline Element run_of(Element::Set set) { return {.kind = Element::Kind::Run, .set = set}; }
inline Element one_of(Element::Set set) { return {.kind = Element::Kind::One, .set = set}; }
// The characters that pieces name.
void add_characters(const Elements& elements, std::vector<Symbol>& out);

// What a pattern takes of kInnerSymbol where it does not name the thing.  (Of kThingSymbol every
// pattern takes what it takes of an example: names that patterns tell apart have an example each.)
//   Narrow   that which is so whatever the name: a run takes it
//   Wide     that which may be so for some name: characters in a row take it as well
//   Primary  nothing
enum class Reading : std::uint8_t { Narrow, Wide, Primary };

// A pattern as a deterministic automaton, built as far as it is walked.
class Automaton {
 public:
  using State = std::uint32_t;
  static constexpr State kDead = 0;

  // `example`: of the names that kThingSymbol stands for.
  // `no_dollar`: texts that begin with `$` are not taken.
  Automaton(Elements elements, Reading reading, std::string_view example, bool no_dollar = false);
  // The words in which the thing's symbols stand where they may.
  static Automaton of_names();

  // Takes what follows `text`.
  void begin_behind(std::string_view text);

  State start() const { return start_; }
  State step(State from, Symbol symbol);
  // What differs after texts that the pattern tells apart when the level ends behind them.
  std::vector<std::uint16_t> level_ends(State state) const;
  bool accepts(State state) const { return accepting_[state]; }
  // True when every continuation is taken.
  bool accepts_all(State state) const { return total_[state]; }

 private:
  using Positions = std::vector<std::uint16_t>;
  State intern(Positions positions);
  void close(Positions& positions) const;
  void read_thing(std::size_t from, Positions& out) const;
  bool takes(std::size_t at, Symbol symbol) const;
  Positions read_example(std::size_t from) const;
  bool is_level_start(std::size_t at) const;
  bool is_level_end(std::size_t at) const;
  State name_step(State from, Symbol symbol) const;

  Elements elements_;
  Reading reading_;
  Elements example_;
  bool no_dollar_;
  bool of_names_ = false;
  State start_ = kDead;
  std::map<Positions, State> states_;
  std::vector<Positions> positions_;
  std::vector<bool> accepting_;
  std::vector<bool> total_;
  std::unordered_map<std::uint64_t, State> steps_;
};

// What is asked of a text: one literal of every clause is true.
struct Literal {
  std::size_t automaton = 0;
  bool accepted = true;
};
class Question {
 public:
  using States = std::vector<Automaton::State>;

  std::size_t add(Automaton automaton);
  void require(std::vector<Literal> clause) { clauses_.push_back(std::move(clause)); }
  void require(Automaton automaton) { require({{add(std::move(automaton)), true}}); }
  void forbid(Automaton automaton) { require({{add(std::move(automaton)), false}}); }

  States start() const;
  States step(const States& from, Symbol symbol);
  States step(States from, std::string_view text);
  bool holds(const States& states) const;
  // False when no continuation can hold.
  bool can_hold(const States& states) const;

 private:
  std::vector<Automaton> automata_;
  std::vector<std::vector<Literal>> clauses_;
};

using Word = std::vector<Symbol>;
struct FilterAndTopic {
  Word filter;
  Word topic;
};
constexpr std::size_t kSearchStatesMax = 60'000;

// The shortest text that is asked for, among those over the alphabet that are not empty.
// Errors: TooLarge – kSearchStatesMax.
Result<std::optional<Word>> shortest(Question& question, std::span<const Symbol> alphabet);

// The shortest filter and topic that are asked for, such that the filter is valid and takes in the
// topic.  Under AwsIotCore the filter may be a shared subscription's, `$share/group/filter`.
// Source: MQTT 3.1.1 §4.7; AWS IoT Core Developer Guide, MQTT: shared subscriptions.
// Errors: TooLarge – kSearchStatesMax.
Result<std::optional<FilterAndTopic>> shortest_match(Question& filter, Question& topic,
                                                     std::span<const Symbol> alphabet,
                                                     mqtt::Profile profile);

// The text of a word, with a name for the thing.
std::string text_of(const Word& word, std::string_view thing);

}  // namespace sealane::prove
