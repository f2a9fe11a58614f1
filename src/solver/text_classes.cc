// SPDX-License-Identifier: Apache-2.0
#include "solver/text_classes.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "solver/regular_internal.h"
#include "solver/smt_tree_internal.h"

namespace sealane::solver {
namespace {

using Id = SmtTree::Id;
using Language = Regulars::Id;

// A constant of sort String.
struct Constant {
  std::string name;                        // as it is written
  bool stays = false;                      // a String
  Language language = 0;                   // what is asserted of it alone
  std::vector<Language> starts;            // of each run: what has to follow where it begins
  std::map<Language, std::size_t> run_of;  // by start
  // What is seen of a run: the language that is left behind the constant and the literal after it,
  // or, at the end, whether nothing has to follow.
  struct Look {
    std::size_t run = 0;
    std::u32string then;
    bool is_last = false;
    friend auto operator<=>(const Look&, const Look&) = default;
  };
  std::map<Look, std::size_t> looks;
  struct Class {
    std::vector<Language> seen;  // by look; at the end 1 or 0
    std::u32string example;
  };
  std::vector<Class> classes;
  std::size_t bits = 0;
  std::string symbol;  // of its class
};

// Literal and constant in turn: l0 c0 l1 c1 … ln.
struct Sequence {
  std::vector<std::u32string> literals{1};
  std::vector<std::size_t> constants;
};

// A character of an interval that people can read.
std::optional<char32_t> readable(char32_t from, char32_t to) {
  constexpr std::u32string_view kLiked =
      U"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.";
  for (const char32_t c : kLiked)
    if (c >= from && c < to) return c;
  if (from < 0x20 && to > 0x20) return U' ';
  if (from < 0xD800 || from > 0xDFFF) return from;
  if (to > 0xE000) return char32_t{0xE000};
  return std::nullopt;
}

// The two parts of a question about a text: the text, and the language that it is to be in.
struct Atom {
  std::size_t subject = 0;  // which item of the list
  Language language = 0;
};

struct End {
  std::vector<Language> left;
  std::u32string text;
};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};

// Half of what a cache may hold is left to the question that comes next.
constexpr std::size_t kKeptNodesMax = Regulars::kNodesMax / 2;
constexpr std::size_t kKeptMax = 4'096;

}  // namespace

struct LanguageCache::Known {
  Regulars regulars;
  std::unordered_map<std::string, std::optional<Language>, TextHash, std::equal_to<>> languages;
  std::map<std::vector<Language>, std::optional<std::vector<End>>> explored;
};

LanguageCache::LanguageCache() : known_(std::make_unique<Known>()) {}
LanguageCache::~LanguageCache() = default;

class TextClasses::Impl {
 public:
  Impl(const Query& query, LanguageCache::Known& known)
      : original_(query),
        regulars_(known.regulars),
        languages_(known.languages),
        explored_(known.explored) {
    if (!read()) {
      leave_all();
      return;
    }
    // What stays a String can make others stay.
    do {
      again_ = false;
      forget_runs();
      for (const Id command : script_->top) visit_command(command);
      for (const Id assumption : values_->top) visit_value(assumption);
      if (!again_) make_classes();
    } while (again_ && !regulars_.full());
    if (regulars_.full() || count(false) == 0)
      leave_all();
    else
      write();
  }

  const Query& question() const { return question_; }
  std::size_t count(bool stays) const {
    return static_cast<std::size_t>(std::ranges::count(constants_, stays, &Constant::stays));
  }

  Result<std::vector<Value>> values(const std::vector<Value>& found) const {
    if (as_it_is_) return found;
    if (found.size() != question_.values.size())
      return fail(ErrorKind::Invalid, "not as many values as asked for");
    std::vector<Value> out;
    for (const Id wanted : values_->top) {
      if (const auto at = place_of_.find(values_->nodes[wanted].text); at != place_of_.end()) {
        out.push_back(found[at->second]);
        continue;
      }
      SEALANE_ASSIGN(Value value, evaluate(wanted, found));
      out.push_back(std::move(value));
    }
    return out;
  }

 private:
  void leave_all() {
    for (Constant& one : constants_) one.stays = true;
    question_ = original_;
    as_it_is_ = true;
  }

  bool read() {
    script_ = parse_smt(original_.script, kDepthMax);
    for (const std::string& value : original_.values) joined_values_ += value + "\n";
    values_ = parse_smt(joined_values_, kDepthMax);
    if (!script_ || !values_ || values_->top.size() != original_.values.size()) return false;
    for (const Id command : script_->top) {
      const SmtTree::Node& node = (*script_)[command];
      if (script_->head(command) != "declare-const" || node.items.size() != 3 ||
          (*script_)[node.items[2]].text != "String")
        continue;
      const std::string_view name = (*script_)[node.items[1]].text;
      by_name_.emplace(name, constants_.size());
      constants_.emplace_back();
      constants_.back().name = name;
      constants_.back().language = regulars_.everything();
    }
    if (constants_.empty()) return false;
    for (const Id command : script_->top) restrict_by(command);
    return true;
  }

  // `(assert (str.in_re constant …))` and that it is not empty.
  void restrict_by(Id command) {
    if (script_->head(command) != "assert" || (*script_)[command].items.size() != 2) return;
    const auto atom = atom_of(*script_, (*script_)[command].items[1]);
    if (!atom) return;
    const Id subject = (*script_)[(*script_)[command].items[1]].items[atom->subject];
    const auto at = by_name_.find(subject_text(*script_, subject));
    if (at == by_name_.end()) return;
    Constant& one = constants_[at->second];
    one.language = regulars_.both({one.language, atom->language});
  }
  static std::string_view subject_text(const SmtTree& tree, Id subject) {
    return tree.head(subject) == "str.len" && tree[subject].items.size() == 2
               ? tree[tree[subject].items[1]].text
               : tree[subject].text;
  }

  void forget_runs() {
    for (Constant& one : constants_) {
      one.starts.clear();
      one.run_of.clear();
      one.looks.clear();
      one.classes.clear();
    }
  }

  void keep(std::size_t constant) {
    if (constants_[constant].stays) return;
    constants_[constant].stays = true;
    again_ = true;
  }

  // --- languages -------------------------------------------------------------------------------

  std::optional<Language> language_of(const SmtTree& tree, Id id) {
    if (const auto at = languages_.find(tree[id].text); at != languages_.end()) return at->second;
    const auto made = make_language(tree, id);
    languages_.emplace(std::string(tree[id].text), made);
    return made;
  }

  std::optional<Language> make_language(const SmtTree& tree, Id id) {
    const SmtTree::Node& node = tree[id];
    if (!node.is_list) {
      if (node.text == "re.all") return regulars_.everything();
      if (node.text == "re.allchar") return regulars_.one_of(0, Regulars::kCharacterEnd - 1);
      if (node.text == "re.none") return regulars_.nothing();
      return std::nullopt;
    }
    if (node.items.empty()) return std::nullopt;
    const std::string_view head = tree.head(id);
    if (head == "str.to_re" && node.items.size() == 2 && tree.is_string(node.items[1])) {
      const auto text = characters_of(tree[node.items[1]].text);
      if (!text) return std::nullopt;
      return regulars_.text(*text);
    }
    if (head == "re.range" && node.items.size() == 3 && tree.is_string(node.items[1]) &&
        tree.is_string(node.items[2])) {
      const auto first = characters_of(tree[node.items[1]].text);
      const auto last = characters_of(tree[node.items[2]].text);
      if (!first || !last || first->size() != 1 || last->size() != 1) return std::nullopt;
      return regulars_.one_of(first->front(), last->front());
    }
    std::vector<Language> parts;
    for (std::size_t i = 1; i < node.items.size(); ++i) {
      const auto part = language_of(tree, node.items[i]);
      if (!part) return std::nullopt;
      parts.push_back(*part);
    }
    if (parts.empty()) return std::nullopt;
    if (tree[node.items[0]].is_list) return power(tree, node.items[0], parts);
    if (head == "re.union") return regulars_.either(parts);
    if (head == "re.inter") return regulars_.both(parts);
    if (head == "re.++") {
      Language out = regulars_.empty_text();
      for (std::size_t i = parts.size(); i > 0; --i) out = regulars_.concat(parts[i - 1], out);
      return out;
    }
    if (head == "re.diff" && parts.size() == 2)
      return regulars_.both({parts[0], regulars_.complement(parts[1])});
    if (parts.size() != 1) return std::nullopt;
    if (head == "re.*") return regulars_.star(parts[0]);
    if (head == "re.+") return regulars_.concat(parts[0], regulars_.star(parts[0]));
    if (head == "re.opt") return regulars_.either({parts[0], regulars_.empty_text()});
    if (head == "re.comp") return regulars_.complement(parts[0]);
    return std::nullopt;
  }

  // `((_ re.^ n) r)`
  std::optional<Language> power(const SmtTree& tree, Id head, const std::vector<Language>& parts) {
    const auto& items = tree[head].items;
    if (parts.size() != 1 || items.size() != 3 || tree[items[0]].text != "_" ||
        tree[items[1]].text != "re.^")
      return std::nullopt;
    std::size_t times = 0;
    for (const char c : tree[items[2]].text) {
      if (c < '0' || c > '9' || times > 1000) return std::nullopt;
      times = times * 10 + static_cast<std::size_t>(c - '0');
    }
    Language out = regulars_.empty_text();
    for (std::size_t i = 0; i < times; ++i) out = regulars_.concat(parts[0], out);
    return out;
  }

  // --- terms -----------------------------------------------------------------------------------

  bool is_text(const SmtTree& tree, Id id) const {
    const SmtTree::Node& node = tree[id];
    if (!node.is_list) return tree.is_string(id) || by_name_.contains(node.text);
    const std::string_view head = tree.head(id);
    if (head == "str.++") return true;
    return head == "ite" && node.items.size() == 4 &&
           (is_text(tree, node.items[2]) || is_text(tree, node.items[3]));
  }

  // The language that an atom asks about; nothing when the term is no such atom.
  std::optional<Atom> atom_of(const SmtTree& tree, Id id) {
    const SmtTree::Node& node = tree[id];
    if (!node.is_list || node.items.size() != 3) return std::nullopt;
    const std::string_view head = tree.head(id);
    const Id a = node.items[1];
    const Id b = node.items[2];
    if (head == "str.in_re") {
      const auto language = language_of(tree, b);
      if (!language) return std::nullopt;
      return Atom{1, *language};
    }
    if (head == ">" && tree[b].text == "0" && tree.head(a) == "str.len")
      return Atom{1, regulars_.complement(regulars_.empty_text())};
    const bool is_equal = head == "=" && (is_text(tree, a) || is_text(tree, b));
    const bool is_prefix = head == "str.prefixof";
    const bool is_suffix = head == "str.suffixof";
    if (!is_equal && !is_prefix && !is_suffix) return std::nullopt;
    const bool first = tree.is_string(a);
    if (!first && (!is_equal || !tree.is_string(b))) return std::nullopt;
    const auto text = characters_of(tree[first ? a : b].text);
    if (!text) return std::nullopt;
    Language language = regulars_.text(*text);
    if (is_prefix) language = regulars_.concat(language, regulars_.everything());
    if (is_suffix) language = regulars_.concat(regulars_.everything(), language);
    return Atom{first ? std::size_t{2} : std::size_t{1}, language};
  }

  bool read_sequence(const SmtTree& tree, Id id, Sequence& out) const {
    const SmtTree::Node& node = tree[id];
    if (tree.is_string(id)) {
      const auto text = characters_of(node.text);
      if (text) out.literals.back() += *text;
      return text.has_value();
    }
    if (const auto at = by_name_.find(node.text); at != by_name_.end()) {
      out.constants.push_back(at->second);
      out.literals.emplace_back();
      return true;
    }
    if (tree.head(id) != "str.++") return false;
    for (std::size_t i = 1; i < node.items.size(); ++i)
      if (!read_sequence(tree, node.items[i], out)) return false;
    return true;
  }
  std::optional<Sequence> sequence_of(const SmtTree& tree, Id id) const {
    if (tree.head(id) == "str.len" && tree[id].items.size() == 2)
      return sequence_of(tree, tree[id].items[1]);
    Sequence out;
    if (!read_sequence(tree, id, out)) return std::nullopt;
    return out;
  }
  bool is_free(const Sequence& sequence) const {
    return std::ranges::none_of(sequence.constants,
                                [&](std::size_t c) { return constants_[c].stays; });
  }

  // --- what is asked about each constant -------------------------------------------------------

  void visit_command(Id command) {
    const SmtTree::Node& node = (*script_)[command];
    const std::string_view head = script_->head(command);
    if (head == "declare-const") return;
    for (std::size_t i = 1; i < node.items.size(); ++i) visit(*script_, node.items[i]);
  }

  void visit(const SmtTree& tree, Id id) {
    const SmtTree::Node& node = tree[id];
    if (!node.is_list) {
      if (const auto at = by_name_.find(node.text); at != by_name_.end()) keep(at->second);
      return;
    }
    if (const auto atom = atom_of(tree, id))
      return visit_subject(tree, node.items[atom->subject], atom->language);
    for (const Id item : node.items) visit(tree, item);
  }

  void visit_subject(const SmtTree& tree, Id id, Language language) {
    const SmtTree::Node& node = tree[id];
    if (tree.head(id) == "ite" && node.items.size() == 4) {
      visit(tree, node.items[1]);
      visit_subject(tree, node.items[2], language);
      visit_subject(tree, node.items[3], language);
      return;
    }
    const auto sequence = sequence_of(tree, id);
    if (!sequence) {
      keep_all_of(tree, id);
      return;
    }
    if (!is_free(*sequence)) {
      for (const std::size_t c : sequence->constants) keep(c);
      return;
    }
    note_runs(*sequence, 0, regulars_.derivative(language, sequence->literals[0]));
  }

  // A text is worked out here when it speaks of a class; anything else the solver says.
  void visit_value(Id id) {
    if (!is_text(*values_, id)) return visit(*values_, id);
    if (speaks_of_classes(id) && !can_evaluate(id)) keep_all_of(*values_, id);
  }
  bool can_evaluate(Id id) const {
    const SmtTree::Node& node = (*values_)[id];
    if (!node.is_list) return node.text.find('.') == std::string_view::npos || node.text[0] > '9';
    const std::string_view head = values_->head(id);
    return (head == "ite" || head == "str.++" || head == "=" || head == "and" || head == "or" ||
            head == "not") &&
           std::ranges::all_of(node.items.begin() + 1, node.items.end(),
                               [&](Id item) { return can_evaluate(item); });
  }
  bool speaks_of_classes(Id id) const {
    const SmtTree::Node& node = (*values_)[id];
    if (node.is_list)
      return std::ranges::any_of(node.items, [&](Id item) { return speaks_of_classes(item); });
    const auto at = by_name_.find(node.text);
    return at != by_name_.end() && !constants_[at->second].stays;
  }
  void keep_all_of(const SmtTree& tree, Id id) {
    const SmtTree::Node& node = tree[id];
    for (const Id item : node.items) keep_all_of(tree, item);
    if (const auto at = by_name_.find(node.text); !node.is_list && at != by_name_.end())
      keep(at->second);
  }

  // The constant `index` of the sequence begins where `language` is left.
  void note_runs(const Sequence& sequence, std::size_t index, Language language) {
    if (index == sequence.constants.size() || language == regulars_.nothing()) return;
    Constant& one = constants_[sequence.constants[index]];
    const auto [at, is_new] = one.run_of.try_emplace(language, one.starts.size());
    if (is_new) one.starts.push_back(language);
    const bool is_last = index + 1 == sequence.constants.size();
    const std::u32string& then = sequence.literals[index + 1];
    one.looks.try_emplace({at->second, then, is_last}, one.looks.size());
    if (is_last) return;
    // What may be left is that of any text in the constant's own language.
    std::set<Language> left;
    const auto ends = explore({one.language, language});
    if (!ends) return keep(sequence.constants[index]);
    for (const End& end : *ends) left.insert(regulars_.derivative(end.left[1], then));
    for (const Language next : left) note_runs(sequence, index + 1, next);
  }

  // What is left of several languages behind each text of the first, with a shortest text for each.
  // Nothing when there is too much of it.
  std::optional<std::vector<End>> explore(const std::vector<Language>& begin) {
    if (const auto at = explored_.find(begin); at != explored_.end()) return at->second;
    struct Step {
      std::size_t from;
      char32_t by;
    };
    std::map<std::vector<Language>, std::size_t> known = {{begin, 0}};
    std::vector<std::vector<Language>> states = {begin};
    std::vector<Step> steps = {{0, 0}};
    std::vector<End> ends;
    for (std::size_t i = 0; i < states.size(); ++i) {
      const std::vector<Language> state = states[i];
      if (regulars_.has_empty_text(state[0])) {
        std::u32string text;
        for (std::size_t j = i; j != 0; j = steps[j].from) text += steps[j].by;
        std::ranges::reverse(text);
        ends.push_back({state, std::move(text)});
      }
      std::vector<char32_t> cuts = {0, Regulars::kCharacterEnd};
      for (const Language one : state) {
        const auto& more = regulars_.cuts(one);
        cuts.insert(cuts.end(), more.begin(), more.end());
      }
      std::ranges::sort(cuts);
      cuts.erase(std::ranges::unique(cuts).begin(), cuts.end());
      for (std::size_t c = 0; c + 1 < cuts.size(); ++c) {
        const auto by = readable(cuts[c], cuts[c + 1]);
        if (!by) return remember(begin, std::nullopt);
        std::vector<Language> next;
        for (const Language one : state) next.push_back(regulars_.derivative(one, *by));
        if (next[0] == regulars_.nothing()) continue;
        const auto [at, is_new] = known.try_emplace(next, states.size());
        if (!is_new) continue;
        if (states.size() == kStatesMax || states.size() * begin.size() > kWorkMax ||
            regulars_.full())
          return remember(begin, std::nullopt);
        states.push_back(std::move(next));
        steps.push_back({i, *by});
      }
    }
    return remember(begin, std::move(ends));
  }
  std::optional<std::vector<End>> remember(const std::vector<Language>& begin,
                                           std::optional<std::vector<End>> ends) {
    explored_.emplace(begin, ends);
    return ends;
  }

  // --- classes ---------------------------------------------------------------------------------

  void make_classes() {
    for (std::size_t c = 0; c < constants_.size(); ++c) {
      Constant& one = constants_[c];
      if (one.stays) continue;
      std::vector<Language> begin = {one.language};
      begin.insert(begin.end(), one.starts.begin(), one.starts.end());
      const auto ends = explore(begin);
      if (!ends || ends->empty()) {
        keep(c);
        continue;
      }
      std::map<std::vector<Language>, std::size_t> known;
      for (const End& end : *ends) {
        std::vector<Language> seen(one.looks.size());
        for (const auto& [look, at] : one.looks) {
          const Language left = regulars_.derivative(end.left[1 + look.run], look.then);
          seen[at] = look.is_last ? (regulars_.has_empty_text(left) ? 1 : 0) : left;
        }
        if (known.try_emplace(seen, one.classes.size()).second)
          one.classes.push_back({std::move(seen), end.text});
      }
      if (one.classes.size() > kClassesMax) {
        keep(c);
        continue;
      }
      one.bits = 0;
      while ((std::size_t{1} << one.bits) < one.classes.size()) ++one.bits;
      const std::string bare =
          one.name.starts_with('|') ? one.name.substr(1, one.name.size() - 2) : one.name;
      one.symbol = "|class of " + bare + "|";
    }
  }

  static std::string bits_of(std::size_t value, std::size_t count) {
    std::string out = "#b";
    for (std::size_t bit = count; bit > 0; --bit) out += (value >> (bit - 1)) & 1u ? '1' : '0';
    return out;
  }

  static std::string in_classes(const Constant& one, const std::vector<bool>& chosen) {
    const auto count = static_cast<std::size_t>(std::ranges::count(chosen, true));
    if (count == chosen.size()) return "true";
    if (count == 0) return "false";
    const bool listed = count * 2 <= chosen.size();
    std::string any;
    std::size_t terms = 0;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      if (chosen[i] != listed) continue;
      any += " (= " + one.symbol + " " + bits_of(i, one.bits) + ")";
      ++terms;
    }
    if (terms > 1) any = " (or" + any + ")";
    return listed ? any.substr(1) : "(not" + any + ")";
  }

  std::string sequence_term(const Sequence& sequence, std::size_t index, Language language) {
    if (language == regulars_.nothing()) return "false";
    if (index == sequence.constants.size())
      return regulars_.has_empty_text(language) ? "true" : "false";
    const Constant& one = constants_[sequence.constants[index]];
    const bool is_last = index + 1 == sequence.constants.size();
    const std::size_t look =
        one.looks.at({one.run_of.at(language), sequence.literals[index + 1], is_last});
    std::map<Language, std::vector<bool>> by_left;
    for (std::size_t i = 0; i < one.classes.size(); ++i) {
      auto& chosen = by_left[one.classes[i].seen[look]];
      chosen.resize(one.classes.size());
      chosen[i] = true;
    }
    if (is_last) return by_left.contains(1) ? in_classes(one, by_left[1]) : "false";
    std::string any;
    std::size_t terms = 0;
    for (const auto& [left, chosen] : by_left) {
      const std::string rest = sequence_term(sequence, index + 1, left);
      if (rest == "false") continue;
      const std::string here = in_classes(one, chosen);
      any += rest == "true"   ? " " + here
             : here == "true" ? " " + rest
                              : " (and " + here + " " + rest + ")";
      ++terms;
    }
    if (terms == 0) return "false";
    return terms == 1 ? any.substr(1) : "(or" + any + ")";
  }

  // --- the question that is asked ----------------------------------------------------------------

  void write() {
    question_.assumptions = original_.assumptions;
    question_.time_max = original_.time_max;
    for (const Id command : script_->top) write_command(command);
    for (const Id wanted : values_->top) {
      if (is_text(*values_, wanted) && speaks_of_classes(wanted)) {
        want_symbols_of(wanted);
        continue;
      }
      std::string term;
      write_term(*values_, wanted, term);
      want_in_place_of(wanted, term);
    }
  }

  void want_in_place_of(Id id, const std::string& term) {
    want(term);
    place_of_.try_emplace(std::string((*values_)[id].text), place_of_.find(term)->second);
  }
  void want(std::string_view term) {
    if (place_of_.try_emplace(std::string(term), question_.values.size()).second)
      question_.values.emplace_back(term);
  }
  void want_symbols_of(Id id) {
    const SmtTree::Node& node = (*values_)[id];
    if (node.is_list) {
      for (std::size_t i = 1; i < node.items.size(); ++i) want_symbols_of(node.items[i]);
      return;
    }
    const char first = node.text.front();
    if (first == '"' || (first >= '0' && first <= '9') || node.text == "true" ||
        node.text == "false")
      return;
    const auto at = by_name_.find(node.text);
    if (at == by_name_.end() || constants_[at->second].stays)
      want(node.text);
    else if (constants_[at->second].bits > 0)
      want(constants_[at->second].symbol);
  }

  void write_command(Id command) {
    std::string& out = question_.script;
    const SmtTree::Node& node = (*script_)[command];
    if (script_->head(command) == "declare-const") {
      const auto at = by_name_.find((*script_)[node.items[1]].text);
      if (at == by_name_.end() || constants_[at->second].stays) {
        out += std::string(node.text) + "\n";
      } else if (const Constant& one = constants_[at->second]; one.bits > 0) {
        out += "(declare-const " + one.symbol + " (_ BitVec " + std::to_string(one.bits) + "))\n";
        if (one.classes.size() != std::size_t{1} << one.bits)
          out += "(assert (bvule " + one.symbol + " " + bits_of(one.classes.size() - 1, one.bits) +
                 "))\n";
      }
      return;
    }
    write_term(*script_, command, out);
    out += "\n";
  }

  void write_term(const SmtTree& tree, Id id, std::string& out) {
    const SmtTree::Node& node = tree[id];
    if (!node.is_list) {
      out += node.text;
      return;
    }
    if (const auto atom = atom_of(tree, id)) {
      write_atom(tree, id, *atom, node.items[atom->subject], out);
      return;
    }
    out += "(";
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      if (i > 0) out += " ";
      write_term(tree, node.items[i], out);
    }
    out += ")";
  }

  void write_atom(const SmtTree& tree, Id id, const Atom& atom, Id subject, std::string& out) {
    const SmtTree::Node& node = tree[subject];
    if (tree.head(subject) == "ite" && node.items.size() == 4) {
      out += "(ite ";
      write_term(tree, node.items[1], out);
      out += " ";
      write_atom(tree, id, atom, node.items[2], out);
      out += " ";
      write_atom(tree, id, atom, node.items[3], out);
      out += ")";
      return;
    }
    const auto sequence = sequence_of(tree, subject);
    if (sequence && is_free(*sequence)) {
      out +=
          sequence_term(*sequence, 0, regulars_.derivative(atom.language, sequence->literals[0]));
      return;
    }
    out += "(";
    const auto& items = tree[id].items;
    for (std::size_t i = 0; i < items.size(); ++i)
      out += (i > 0 ? " " : "") + std::string(tree[i == atom.subject ? subject : items[i]].text);
    out += ")";
  }

  // --- values ----------------------------------------------------------------------------------

  Result<Value> evaluate(Id id, const std::vector<Value>& found) const {
    const SmtTree::Node& node = (*values_)[id];
    if (!node.is_list) return symbol_value(node.text, found);
    const std::string_view head = values_->head(id);
    std::vector<Value> parts;
    for (std::size_t i = 1; i < node.items.size(); ++i) {
      SEALANE_ASSIGN(Value part, evaluate(node.items[i], found));
      parts.push_back(std::move(part));
    }
    const auto truth = [](bool b) { return Value{Value::Kind::Bool, b ? "true" : "false"}; };
    const auto holds = [](const Value& v) { return v.text == "true"; };
    if (head == "ite" && parts.size() == 3) return holds(parts[0]) ? parts[1] : parts[2];
    if (head == "not" && parts.size() == 1) return truth(!holds(parts[0]));
    if (head == "and") return truth(std::ranges::all_of(parts, holds));
    if (head == "or") return truth(std::ranges::any_of(parts, holds));
    if (head == "=" && parts.size() == 2) return truth(parts[0] == parts[1]);
    if (head != "str.++") return fail(ErrorKind::Internal, "a value that cannot be worked out");
    Value out{Value::Kind::String, ""};
    for (const Value& part : parts) out.text += part.text;
    return out;
  }

  Result<Value> symbol_value(std::string_view text, const std::vector<Value>& found) const {
    if (text == "true" || text == "false") return Value{Value::Kind::Bool, std::string(text)};
    if (text.front() >= '0' && text.front() <= '9')
      return Value{Value::Kind::Number, std::string(text)};
    if (text.front() == '"') return Value{Value::Kind::String, utf8_of(*characters_of(text))};
    const auto at = by_name_.find(text);
    if (at == by_name_.end() || constants_[at->second].stays)
      return found[place_of_.find(text)->second];
    const Constant& one = constants_[at->second];
    std::size_t chosen = 0;
    if (one.bits > 0) {
      const Value& value = found[place_of_.at(one.symbol)];
      if (value.kind != Value::Kind::BitVector || value.text.size() != one.bits)
        return fail(ErrorKind::Invalid, "a class that is no bit-vector");
      for (const char bit : value.text) chosen = chosen * 2 + (bit == '1' ? 1 : 0);
    }
    if (chosen >= one.classes.size()) return fail(ErrorKind::Invalid, "a class that there is not");
    return Value{Value::Kind::String, utf8_of(one.classes[chosen].example)};
  }

  const Query original_;
  Query question_;
  bool as_it_is_ = false;
  bool again_ = false;
  std::string joined_values_;
  std::optional<SmtTree> script_;
  std::optional<SmtTree> values_;
  Regulars& regulars_;
  decltype(LanguageCache::Known::languages)& languages_;
  decltype(LanguageCache::Known::explored)& explored_;
  std::vector<Constant> constants_;
  std::map<std::string, std::size_t, std::less<>> by_name_;
  std::map<std::string, std::size_t, std::less<>> place_of_;
};

TextClasses::TextClasses(const Query& query, LanguageCache& cache) {
  LanguageCache::Known& known = *cache.known_;
  if (known.regulars.size() > kKeptNodesMax || known.explored.size() > kKeptMax ||
      known.languages.size() > kKeptMax)
    cache.known_ = std::make_unique<LanguageCache::Known>();
  impl_ = std::make_unique<Impl>(query, *cache.known_);
}
TextClasses::~TextClasses() = default;
TextClasses::TextClasses(TextClasses&&) noexcept = default;
TextClasses& TextClasses::operator=(TextClasses&&) noexcept = default;

const Query& TextClasses::question() const { return impl_->question(); }
std::size_t TextClasses::classified() const { return impl_->count(false); }
std::size_t TextClasses::left() const { return impl_->count(true); }
Result<std::vector<Value>> TextClasses::values(const std::vector<Value>& found) const {
  return impl_->values(found);
}

}  // namespace sealane::solver
