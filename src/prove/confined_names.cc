// SPDX-License-Identifier: Apache-2.0
// Which names of things patterns tell apart.
#include <algorithm>
#include <set>

#include "prove/confined_question_internal.h"

namespace sealane::prove {
namespace {

bool is_slash(const Element& element) {
  return element.kind == Element::Kind::Char && element.symbol == '/';
}
bool takes_slash(const Element& element) {
  return element.kind != Element::Kind::Thing && element.kind != Element::Kind::Char &&
         is_in(element.set, '/');
}

// The levels that pieces spell out from end to end.
void add_spelt(const Elements& elements, std::set<Word>& out) {
  for (std::size_t begin = 0; begin < elements.size(); ++begin) {
    if (begin != 0 && !is_slash(elements[begin - 1])) continue;
    Word level;
    std::size_t end = begin;
    for (; end < elements.size() && elements[end].kind == Element::Kind::Char &&
           !is_slash(elements[end]);
         ++end)
      level.push_back(elements[end].symbol);
    if (end == elements.size() || is_slash(elements[end])) out.insert(std::move(level));
  }
}

class NameClasses {
 public:
  using States = std::vector<Automaton::State>;
  using Signature = std::vector<std::vector<std::uint16_t>>;

  NameClasses(std::span<const Elements> patterns, std::span<const Elements> conditions) {
    for (const Elements& one : conditions) add(one);
    conditions_ = automata_.size();
    for (const Elements& one : patterns) {
      add_spelt(one, spelt_);
      for (std::size_t begin = 0; begin < one.size(); ++begin)
        if (begin == 0 || is_slash(one[begin - 1]) || takes_slash(one[begin - 1]) ||
            takes_slash(one[begin]))
          add(Elements(one.begin() + static_cast<std::ptrdiff_t>(begin), one.end()));
    }
    for (const Symbol s : {Symbol{'x'}, Symbol{'y'}}) alphabet_.push_back(s);
    Symbol other = 'a';
    while (std::ranges::count(alphabet_, other) != 0) ++other;
    alphabet_.push_back(other);
    std::erase_if(alphabet_, [](Symbol s) { return !is_in(Element::Set::Name, s); });
    std::ranges::sort(alphabet_);
    const auto [first, last] = std::ranges::unique(alphabet_);
    alphabet_.erase(first, last);
  }

  Result<std::vector<TextClass>> run(const std::string& like) {
    States start;
    for (const Automaton& automaton : automata_) start.push_back(automaton.start());
    Elements characters;
    append_text(characters, like);
    States liked = start;
    Word word;
    for (const Element& one : characters) {
      liked = step(liked, one.symbol);
      word.push_back(one.symbol);
    }
    like_ = conditions_met(liked);
    note(liked, word);
    std::map<States, Word> words{{start, {}}};
    std::vector<States> queue{start};
    for (std::size_t at = 0; at < queue.size(); ++at) {
      if (queue.size() > kSearchStatesMax || out_.size() > kNamesMax)
        return fail(ErrorKind::TooLarge,
                    "patterns tell more than " + std::to_string(kNamesMax) + " names apart");
      const Word here = words[queue[at]];
      for (const Symbol symbol : alphabet_) {
        States next = step(queue[at], symbol);
        Word longer = here;
        longer.push_back(symbol);
        if (!words.emplace(next, longer).second) continue;
        note(next, longer);
        queue.push_back(std::move(next));
      }
    }
    return std::move(out_);
  }

 private:
  void add(const Elements& elements) {
    automata_.emplace_back(elements, Reading::Narrow, "");
    add_characters(elements, alphabet_);
  }
  States step(const States& from, Symbol symbol) {
    States out;
    for (std::size_t i = 0; i < from.size(); ++i) out.push_back(automata_[i].step(from[i], symbol));
    return out;
  }
  std::vector<bool> conditions_met(const States& states) const {
    std::vector<bool> out;
    for (std::size_t i = 0; i < conditions_; ++i) out.push_back(automata_[i].accepts(states[i]));
    return out;
  }
  void note(const States& states, const Word& word) {
    if (conditions_met(states) != like_) return;
    Signature signature;
    for (std::size_t i = conditions_; i < states.size(); ++i)
      signature.push_back(automata_[i].level_ends(states[i]));
    if (!known_.insert(std::move(signature)).second) return;
    out_.push_back({text_of(word, ""), spelt_.contains(word)});
  }

  std::vector<Automaton> automata_;
  std::size_t conditions_ = 0;
  std::vector<Symbol> alphabet_;
  std::set<Word> spelt_;
  std::vector<bool> like_;
  std::set<Signature> known_;
  std::vector<TextClass> out_;
};

}  // namespace

Result<std::vector<TextClass>> name_classes(std::span<const Elements> patterns,
                                            std::span<const Elements> conditions,
                                            const std::string& like) {
  return NameClasses(patterns, conditions).run(like);
}

}  // namespace sealane::prove
