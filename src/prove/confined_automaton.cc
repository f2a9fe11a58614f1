// SPDX-License-Identifier: Apache-2.0
#include "prove/confined_automaton_internal.h"

#include <algorithm>
#include <utility>

namespace sealane::prove {
namespace {

constexpr std::uint16_t kStartMark = 0xffff;
constexpr std::string_view kShare = "$share/";

Symbol next_scalar(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  std::size_t length = 1;
  Symbol out = byte(0);
  if (out >= 0xf0 && text.size() >= 4) {
    length = 4;
    out &= 0x07;
  } else if (out >= 0xe0 && text.size() >= 3) {
    length = 3;
    out &= 0x0f;
  } else if (out >= 0xc0 && text.size() >= 2) {
    length = 2;
    out &= 0x1f;
  }
  for (std::size_t i = 1; i < length; ++i) out = (out << 6) | (byte(i) & 0x3f);
  text.remove_prefix(length);
  return out;
}

void append_scalar(std::string& out, Symbol scalar) {
  const auto put = [&](Symbol bits) { out += static_cast<char>(bits); };
  if (scalar < 0x80) {
    put(scalar);
  } else if (scalar < 0x800) {
    put(0xc0 | (scalar >> 6));
    put(0x80 | (scalar & 0x3f));
  } else if (scalar < 0x10000) {
    put(0xe0 | (scalar >> 12));
    put(0x80 | ((scalar >> 6) & 0x3f));
    put(0x80 | (scalar & 0x3f));
  } else {
    put(0xf0 | (scalar >> 18));
    put(0x80 | ((scalar >> 12) & 0x3f));
    put(0x80 | ((scalar >> 6) & 0x3f));
    put(0x80 | (scalar & 0x3f));
  }
}

bool is_wildcard(Symbol symbol) { return symbol == '+' || symbol == '#'; }

// Breadth first over states that are lists of numbers.
class Search {
 public:
  using State = std::vector<std::uint32_t>;
  static constexpr Symbol kNothing = 0x110002;
  static constexpr Symbol kShareSymbol = 0x110003;  // all of `$share/`

  struct Node {
    State state;
    std::size_t parent = 0;
    Symbol filter = kNothing;
    Symbol topic = kNothing;
  };

  explicit Search(State start) {
    known_.emplace(start, 0);
    nodes_.push_back({.state = std::move(start)});
  }
  bool at_end() const { return at_ == nodes_.size(); }
  bool is_full() const { return nodes_.size() > kSearchStatesMax; }
  const Node& node() const { return nodes_[at_]; }
  void next() { ++at_; }
  void visit(State state, Symbol filter, Symbol topic) {
    if (!known_.emplace(state, nodes_.size()).second) return;
    nodes_.push_back({.state = std::move(state), .parent = at_, .filter = filter, .topic = topic});
  }
  FilterAndTopic path() const {
    FilterAndTopic out;
    for (std::size_t i = at_; i != 0; i = nodes_[i].parent) {
      if (nodes_[i].filter != kNothing) out.filter.push_back(nodes_[i].filter);
      if (nodes_[i].topic != kNothing) out.topic.push_back(nodes_[i].topic);
    }
    std::ranges::reverse(out.filter);
    std::ranges::reverse(out.topic);
    return out;
  }

 private:
  std::map<State, std::size_t> known_;
  std::vector<Node> nodes_;
  std::size_t at_ = 0;
};

auto too_large() {
  return fail(ErrorKind::TooLarge,
              "more than " + std::to_string(kSearchStatesMax) + " states of topics and filters");
}

// Where a filter and a topic are that are read side by side.
enum class Mode : std::uint32_t {
  Group,        // before the name of a shared subscription's group
  InGroup,      // in that name
  First,        // before the first level of both
  Level,        // before another level
  Inside,       // in a level that both spell alike
  Plus,         // in a level of the topic that `+` takes in
  PlusAtFront,  // before the first level of the topic, which `+` takes in
  Hash,         // in the rest of the topic, which `#` takes in
  HashAtFront,  // before the topic, all of which `#` takes in
  Parent,       // behind the topic, and behind the `/` of a `/#` that takes in its parent
  End,
};

class MatchSearch {
 public:
  MatchSearch(Question& filter, Question& topic, std::span<const Symbol> alphabet,
              mqtt::Profile profile)
      : filter_(filter),
        topic_(topic),
        alphabet_(alphabet),
        profile_(profile),
        filters_(filter.start().size()),
        search_(join(Mode::First, filter.start(), topic.start())) {}

  Result<std::optional<FilterAndTopic>> run() {
    if (profile_ == mqtt::Profile::AwsIotCore)
      go(Mode::Group, filter_.step(filter_.start(), kShare), topic_.start(), Search::kShareSymbol,
         Search::kNothing);
    for (; !search_.at_end(); search_.next()) {
      if (search_.is_full()) return too_large();
      const Search::State& state = search_.node().state;
      mode_ = static_cast<Mode>(state[0]);
      const auto middle = state.begin() + 1 + static_cast<std::ptrdiff_t>(filters_);
      at_filter_.assign(state.begin() + 1, middle);
      at_topic_.assign(middle, state.end());
      if (ends_here()) return std::optional(spelt(search_.path()));
      expand();
    }
    return std::optional<FilterAndTopic>();
  }

 private:
  static Search::State join(Mode mode, const Question::States& filter,
                            const Question::States& topic) {
    Search::State out{static_cast<std::uint32_t>(mode)};
    out.insert(out.end(), filter.begin(), filter.end());
    out.insert(out.end(), topic.begin(), topic.end());
    return out;
  }

  void go(Mode mode, const Question::States& filter, const Question::States& topic, Symbol f,
          Symbol t) {
    if (filter_.can_hold(filter) && topic_.can_hold(topic))
      search_.visit(join(mode, filter, topic), f, t);
  }
  void both(Mode mode, Symbol symbol) {
    go(mode, filter_.step(at_filter_, symbol), topic_.step(at_topic_, symbol), symbol, symbol);
  }
  void of_filter(Mode mode, Symbol symbol) {
    go(mode, filter_.step(at_filter_, symbol), at_topic_, symbol, Search::kNothing);
  }
  void of_topic(Mode mode, Symbol symbol) {
    go(mode, at_filter_, topic_.step(at_topic_, symbol), Search::kNothing, symbol);
  }

  static FilterAndTopic spelt(FilterAndTopic found) {
    if (found.filter.empty() || found.filter[0] != Search::kShareSymbol) return found;
    found.filter.erase(found.filter.begin());
    found.filter.insert(found.filter.begin(), kShare.begin(), kShare.end());
    return found;
  }

  // Whether filter and topic may end where they are.
  bool ends_here() {
    switch (mode_) {
      case Mode::Level:
      case Mode::Inside:
      case Mode::Plus:
      case Mode::Hash:
      case Mode::End: break;
      default: return false;
    }
    return topic_.holds(at_topic_) && filter_.holds(at_filter_);
  }

  void expand() {
    switch (mode_) {
      case Mode::First:
      case Mode::Level: {
        const bool first = mode_ == Mode::First;
        of_filter(first ? Mode::HashAtFront : Mode::Hash, '#');
        of_filter(first ? Mode::PlusAtFront : Mode::Plus, '+');
        if (!first) parent();
        alike();
        break;
      }
      case Mode::Inside:
        parent();
        alike();
        break;
      case Mode::Parent: of_filter(Mode::End, '#'); break;
      case Mode::End: break;
      case Mode::Plus:
      case Mode::PlusAtFront:
        if (mode_ == Mode::Plus) parent();
        for (const Symbol s : alphabet_)
          if (s != '/' && !is_wildcard(s) && (s != '$' || mode_ == Mode::Plus))
            of_topic(Mode::Plus, s);
        both(Mode::Level, '/');
        break;
      case Mode::Hash:
      case Mode::HashAtFront:
        for (const Symbol s : alphabet_)
          if (!is_wildcard(s) && (s != '$' || mode_ == Mode::Hash)) of_topic(Mode::Hash, s);
        break;
      case Mode::Group:
      case Mode::InGroup:
        for (const Symbol s : alphabet_)
          if (s != '/' && !is_wildcard(s) && !is_thing(s)) of_filter(Mode::InGroup, s);
        if (mode_ == Mode::InGroup) of_filter(Mode::First, '/');
        break;
    }
  }

  // §4.7.1.2: `a/#` takes in `a`.
  void parent() {
    if (profile_ == mqtt::Profile::MqttStandard && topic_.holds(at_topic_))
      of_filter(Mode::Parent, '/');
  }

  void alike() {
    for (const Symbol s : alphabet_)
      if (!is_wildcard(s)) both(s == '/' ? Mode::Level : Mode::Inside, s);
  }

  Question& filter_;
  Question& topic_;
  std::span<const Symbol> alphabet_;
  mqtt::Profile profile_;
  std::size_t filters_;
  Search search_;
  Mode mode_ = Mode::First;
  Question::States at_filter_;
  Question::States at_topic_;
};

}  // namespace

bool is_in(Element::Set set, Symbol symbol) {
  if (is_thing(symbol)) return true;
  switch (set) {
    case Element::Set::Any: return true;
    case Element::Set::Level: return symbol != '/';
    case Element::Set::Name:
      if (symbol == '/') return false;
      [[fallthrough]];
    case Element::Set::Value: break;
  }
  return symbol != '*' && symbol != '$' && symbol != '+' && symbol != '?' && symbol != '#';
}

void append_text(Elements& out, std::string_view text) {
  while (!text.empty()) out.push_back({.kind = Element::Kind::Char, .symbol = next_scalar(text)});
}

void add_characters(const Elements& elements, std::vector<Symbol>& out) {
  for (const Element& element : elements)
    if (element.kind == Element::Kind::Char) out.push_back(element.symbol);
}

Automaton::Automaton(Elements elements, Reading reading, std::string_view example, bool no_dollar)
    : elements_(std::move(elements)), reading_(reading), no_dollar_(no_dollar) {
  append_text(example_, example);
  intern({});  // kDead
  Positions start{0};
  close(start);
  start.push_back(kStartMark);
  start_ = intern(std::move(start));
}

void Automaton::begin_behind(std::string_view text) {
  Elements characters;
  append_text(characters, text);
  for (const Element& one : characters) start_ = step(start_, one.symbol);
}

void Automaton::close(Positions& positions) const {
  std::ranges::sort(positions);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const std::uint16_t at = positions[i];
    if (at < elements_.size() && elements_[at].kind == Element::Kind::Run)
      positions.push_back(static_cast<std::uint16_t>(at + 1));
  }
  std::ranges::sort(positions);
  const auto [first, last] = std::ranges::unique(positions);
  positions.erase(first, last);
}

Automaton::State Automaton::intern(Positions positions) {
  const auto [at, added] = states_.emplace(positions, static_cast<State>(positions_.size()));
  if (!added) return at->second;
  const std::size_t size = elements_.size();
  accepting_.push_back(std::ranges::find(positions, size) != positions.end());
  const bool ends_in_any = size > 0 && elements_.back() == run_of(Element::Set::Any);
  total_.push_back(ends_in_any && std::ranges::find(positions, size - 1) != positions.end() &&
                   !(no_dollar_ && std::ranges::find(positions, kStartMark) != positions.end()));
  positions_.push_back(std::move(positions));
  return at->second;
}

bool Automaton::is_level_start(std::size_t at) const {
  return at == 0 ||
         (elements_[at - 1].kind == Element::Kind::Char && elements_[at - 1].symbol == '/');
}
bool Automaton::is_level_end(std::size_t at) const {
  return at == elements_.size() ||
         (elements_[at].kind == Element::Kind::Char && elements_[at].symbol == '/');
}

bool Automaton::takes(std::size_t at, Symbol symbol) const {
  const Element& element = elements_[at];
  switch (element.kind) {
    case Element::Kind::Char: return element.symbol == symbol;
    // Names have any length: one character does not take one for certain.
    case Element::Kind::One: return !is_thing(symbol) && is_in(element.set, symbol);
    case Element::Kind::Run:
      if (symbol == kThingSymbol) return false;  // read_example
      return is_in(element.set, symbol) &&
             !(symbol == kInnerSymbol && reading_ == Reading::Primary);
    case Element::Kind::Thing:
      return symbol == kThingSymbol ||
             (symbol == kInnerSymbol && !(is_level_start(at) && is_level_end(at + 1)));
  }
  return false;
}

// Every place that some name leads to.
void Automaton::read_thing(std::size_t from, Positions& out) const {
  for (std::size_t i = from; i < elements_.size(); ++i) {
    const Element& element = elements_[i];
    if (element.kind == Element::Kind::Thing) return;
    if (element.kind == Element::Kind::Char && !is_in(Element::Set::Name, element.symbol)) return;
    if (element.kind == Element::Kind::Run) out.push_back(static_cast<std::uint16_t>(i));
    out.push_back(static_cast<std::uint16_t>(i + 1));
  }
}

Automaton::Positions Automaton::read_example(std::size_t from) const {
  Positions here{static_cast<std::uint16_t>(from)};
  for (const Element& character : example_) {
    Positions next;
    close(here);
    for (const std::uint16_t at : here)
      if (at < elements_.size() && takes(at, character.symbol))
        next.push_back(
            elements_[at].kind == Element::Kind::Run ? at : static_cast<std::uint16_t>(at + 1));
    here = std::move(next);
  }
  return example_.empty() ? Positions() : here;
}

std::vector<std::uint16_t> Automaton::level_ends(State state) const {
  Positions out = positions_[state];
  std::erase_if(out, [&](std::uint16_t at) {
    if (at == elements_.size()) return false;
    return at > elements_.size() || !takes(at, '/');
  });
  return out;
}

// States of of_names(): at the start of a level, in one without a symbol, behind the level's
// symbol, behind an inner symbol at its start.
Automaton Automaton::of_names() {
  Automaton out({}, Reading::Narrow, "");
  out.of_names_ = true;
  out.start_ = 1;
  out.accepting_ = {false, true, true, true, false};
  out.total_ = {false, false, false, false, false};
  return out;
}
Automaton::State Automaton::name_step(State from, Symbol symbol) const {
  constexpr State kStart = 1;
  constexpr State kInside = 2;
  constexpr State kWhole = 3;
  constexpr State kInnerAlone = 4;
  if (symbol == '/') return from == kInnerAlone ? kDead : kStart;
  if (symbol == kThingSymbol) return from == kStart ? kWhole : kDead;
  if (from == kWhole) return kDead;
  return symbol == kInnerSymbol && from == kStart ? kInnerAlone : kInside;
}

Automaton::State Automaton::step(State from, Symbol symbol) {
  if (from == kDead) return kDead;
  if (of_names_) return name_step(from, symbol);
  const std::uint64_t key = (std::uint64_t{from} << 32) | symbol;
  if (const auto known = steps_.find(key); known != steps_.end()) return known->second;
  Positions next;
  bool refused = false;
  for (const std::uint16_t at : positions_[from]) {
    if (at == kStartMark) refused = no_dollar_ && symbol == '$';
    if (at >= elements_.size()) continue;
    if (takes(at, symbol))
      next.push_back(elements_[at].kind == Element::Kind::Run ? at
                                                              : static_cast<std::uint16_t>(at + 1));
    if (symbol == kInnerSymbol && reading_ == Reading::Wide) read_thing(at, next);
    if (symbol != kThingSymbol) continue;
    const Positions read = read_example(at);
    next.insert(next.end(), read.begin(), read.end());
  }
  if (refused) next.clear();
  close(next);
  const State out = intern(std::move(next));
  steps_.emplace(key, out);
  return out;
}

std::size_t Question::add(Automaton automaton) {
  automata_.push_back(std::move(automaton));
  return automata_.size() - 1;
}

Question::States Question::start() const {
  States out;
  for (const Automaton& automaton : automata_) out.push_back(automaton.start());
  return out;
}

Question::States Question::step(const States& from, Symbol symbol) {
  States out(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) out[i] = automata_[i].step(from[i], symbol);
  return out;
}

Question::States Question::step(States from, std::string_view text) {
  Elements characters;
  append_text(characters, text);
  for (const Element& one : characters) from = step(from, one.symbol);
  return from;
}

bool Question::holds(const States& states) const {
  return std::ranges::all_of(clauses_, [&](const std::vector<Literal>& clause) {
    return std::ranges::any_of(clause, [&](const Literal& one) {
      return automata_[one.automaton].accepts(states[one.automaton]) == one.accepted;
    });
  });
}

bool Question::can_hold(const States& states) const {
  return std::ranges::all_of(clauses_, [&](const std::vector<Literal>& clause) {
    return std::ranges::any_of(clause, [&](const Literal& one) {
      return one.accepted ? states[one.automaton] != Automaton::kDead
                          : !automata_[one.automaton].accepts_all(states[one.automaton]);
    });
  });
}

Result<std::optional<Word>> shortest(Question& question, std::span<const Symbol> alphabet) {
  question.require(
      Automaton({one_of(Element::Set::Any), run_of(Element::Set::Any)}, Reading::Wide, "x"));
  if (!question.can_hold(question.start())) return std::optional<Word>();
  const Question::States start = question.start();
  Search search(start);
  for (; !search.at_end(); search.next()) {
    if (search.is_full()) return too_large();
    const Question::States here = search.node().state;
    if (question.holds(here)) return std::optional(search.path().topic);
    for (const Symbol symbol : alphabet) {
      Question::States next = question.step(here, symbol);
      if (question.can_hold(next)) search.visit(std::move(next), Search::kNothing, symbol);
    }
  }
  return std::optional<Word>();
}

Result<std::optional<FilterAndTopic>> shortest_match(Question& filter, Question& topic,
                                                     std::span<const Symbol> alphabet,
                                                     mqtt::Profile profile) {
  if (!filter.can_hold(filter.start()) || !topic.can_hold(topic.start()))
    return std::optional<FilterAndTopic>();
  MatchSearch search(filter, topic, alphabet, profile);
  return search.run();
}

std::string text_of(const Word& word, std::string_view thing) {
  std::string out;
  for (const Symbol symbol : word) {
    if (is_thing(symbol))
      out += thing;
    else
      append_scalar(out, symbol);
  }
  return out;
}

}  // namespace sealane::prove
