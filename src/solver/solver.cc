// SPDX-License-Identifier: Apache-2.0
#include "solver/solver.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "solver/text_classes.h"

namespace sealane::solver {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

// What follows the answers to one query, so that its end is known whatever it was.
constexpr std::string_view kEndOfAnswers = "sealane-end-of-answers";
constexpr std::size_t kReadBytes = 64u << 10;
constexpr std::size_t kDetailBytes = 200;
constexpr std::size_t kQuestionsUntilReset = 500;
// A new child needs about as long to its first answer.
constexpr std::chrono::milliseconds kSettleTime{10};

// Only async-signal-safe calls: it runs between fork and exec.
[[noreturn]] void become(char* const* argv, int descriptor, std::uint64_t memory_max,
                         pid_t parent) {
  static char* const kNoEnvironment[] = {nullptr};
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (::getppid() != parent) ::_exit(127);
  const int null = ::open("/dev/null", O_WRONLY);
  if (::dup2(descriptor, STDIN_FILENO) < 0 || ::dup2(descriptor, STDOUT_FILENO) < 0 ||
      ::dup2(null, STDERR_FILENO) < 0)
    ::_exit(127);
  ::close_range(3, ~0u, 0);
  const rlimit memory{memory_max, memory_max};
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_AS, &memory);
  ::setrlimit(RLIMIT_CORE, &none);
  ::setrlimit(RLIMIT_FSIZE, &none);
  // A parent that blocks signals must not make a child that nothing ends.
  sigset_t nothing;
  ::sigemptyset(&nothing);
  ::sigprocmask(SIG_SETMASK, &nothing, nullptr);
  ::execve(argv[0], argv, kNoEnvironment);
  ::_exit(127);
}

std::string joined(std::span<const std::string> words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

std::string setup_commands() {
  return "(set-option :produce-models true)\n(set-option :produce-unsat-assumptions true)\n"
         "(set-logic ALL)\n";
}

std::string check_command(const Query& query) {
  return query.assumptions.empty() ? "(check-sat)\n"
                                   : "(check-sat-assuming (" + joined(query.assumptions) + "))\n";
}

std::string one_line(std::string_view text) {
  std::string out(text.substr(0, kDetailBytes));
  std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == '\n' || text.front() == ' ')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

struct End {
  std::size_t mark;   // where its line begins
  std::size_t after;  // where the next line begins
};
// The mark has a line of its own: strings in answers have no line breaks, so they cannot forge it.
// cvc5 writes the quotes of an echo, Z3 does not.
std::optional<End> end_of_answers(std::string_view text) {
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view line = text.substr(begin, end - begin);
    if (line.size() > 1 && line.starts_with('"') && line.ends_with('"'))
      line = line.substr(1, line.size() - 2);
    if (line == kEndOfAnswers) return End{begin, end + 1};
    begin = end + 1;
  }
}

bool has_error(std::string_view answers) {
  return answers.starts_with("(error") || answers.find("\n(error") != std::string_view::npos;
}

}  // namespace

Program cvc5_program(std::string path) {
  return {"cvc5",
          {std::move(path), "--lang=smt2", "--incremental", "--strings-exp", "--produce-models",
           "--produce-unsat-assumptions", "--seed=1", "-q"}};
}

Program z3_program(std::string path) {
  return {"z3", {std::move(path), "-in", "-smt2", "smt.random_seed=1", "sat.random_seed=1"}};
}

std::string_view to_string(Answer answer) {
  switch (answer) {
    case Answer::Sat: return "sat";
    case Answer::Unsat: return "unsat";
    case Answer::Unknown: return "unknown";
  }
  return "unknown";
}

std::string_view to_string(UnknownReason reason) {
  switch (reason) {
    case UnknownReason::None: return "none";
    case UnknownReason::Missing: return "missing";
    case UnknownReason::Timeout: return "timeout";
    case UnknownReason::Killed: return "killed";
    case UnknownReason::OutputLimit: return "output-limit";
    case UnknownReason::Malformed: return "malformed";
    case UnknownReason::SolverError: return "solver-error";
    case UnknownReason::SolverGaveUp: return "solver-gave-up";
    case UnknownReason::Cancelled: return "cancelled";
  }
  return "unknown";
}

std::string standalone_script(const Query& query) {
  std::string script = setup_commands() + query.script + check_command(query);
  if (!query.values.empty()) script += "(get-value (" + joined(query.values) + "))\n";
  return script;
}

std::string standalone_script_in_classes(const Query& query) {
  LanguageCache languages;
  return standalone_script(TextClasses(query, languages).question());
}

// The process and the query it works on.
class Solver::Child {
 public:
  Child(Program program, const Limits& limits) : program_(std::move(program)), limits_(limits) {}
  ~Child() { kill(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  Status start();
  void kill();

  // Puts a query to the child; advance() until done() is true.
  void ask(const Query& query);
  bool done() const { return stage_ == Stage::Idle; }
  // What poll() is to wait for.
  pollfd interest() const;
  // Writes and reads what can be without waiting.
  void advance();
  // Kills the child when its time is over.
  void expire_at(SteadyTime now);
  SteadyTime deadline() const { return deadline_; }
  void give_up(UnknownReason reason, std::string detail);

  const Program& program() const { return program_; }
  std::size_t starts() const { return starts_; }
  Verdict take_verdict() { return std::move(verdict_); }
  LanguageCache& languages() { return languages_; }
  // The classes of a question's texts; those of the last one when it is asked again.
  const TextClasses& classes_of(const Query& query);
  // Its answer is not wanted any more.  The child goes on, for a new one costs more than the rest
  // of most questions; the next question waits a little and kills it then.
  void abandon();

 private:
  enum class Stage { Idle, Checking, Explaining };

  void send(std::string text);
  void write_some();
  void read_some();
  void on_answers(std::string_view answers);
  void on_check(std::string_view answer);
  void on_explanation(std::string_view answer);
  void finish(Answer answer);
  void settle();

  Program program_;
  Limits limits_;
  pid_t pid_ = -1;
  int descriptor_ = -1;
  std::size_t starts_ = 0;
  std::size_t asked_since_reset_ = 0;
  bool abandoned_ = false;  // it works on a question still
  LanguageCache languages_;
  std::optional<TextClasses> classes_;  // of classes_script_ and classes_values_
  std::string classes_script_;
  std::vector<std::string> classes_values_;
  std::optional<std::string> asserted_;  // what the child's own level holds

  Stage stage_ = Stage::Idle;
  const Query* query_ = nullptr;
  SteadyTime asked_{};
  SteadyTime deadline_{};
  std::chrono::milliseconds time_max_{};
  std::string to_write_;
  std::size_t written_ = 0;
  std::string input_;
  Verdict verdict_;
};

Status Solver::Child::start() {
  if (pid_ > 0) return {};
  if (::access(program_.argv[0].c_str(), X_OK) != 0)
    return fail(ErrorKind::NotFound, "the solver `" + program_.argv[0] + "` is not there",
                "script/bootstrap installs it");
  // A pair of sockets, because a pipe whose reader is gone raises SIGPIPE.
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return fail_errno(errno, "cannot talk to a solver");
  std::vector<char*> argv;
  for (std::string& word : program_.argv) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(argv.data(), ends[1], limits_.memory_max, parent);
  const int saved = errno;
  ::close(ends[1]);
  if (pid < 0) {
    ::close(ends[0]);
    return fail_errno(saved, "cannot start `" + program_.argv[0] + "`");
  }
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  pid_ = pid;
  descriptor_ = ends[0];
  asked_since_reset_ = 0;
  ++starts_;
  return {};
}

void Solver::Child::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  ::close(descriptor_);
  pid_ = descriptor_ = -1;
  abandoned_ = false;
  asserted_.reset();
  input_.clear();
  to_write_.clear();
}

void Solver::Child::give_up(UnknownReason reason, std::string detail) {
  // `detail` may be what kill() empties, so it is a copy.
  kill();
  verdict_ = Verdict{};
  verdict_.reason = reason;
  verdict_.detail = one_line(detail);
  finish(Answer::Unknown);
}

void Solver::Child::abandon() {
  verdict_ = {.answer = Answer::Unknown,
              .reason = UnknownReason::Cancelled,
              .detail = "another answer was enough"};
  abandoned_ = pid_ > 0;
  finish(Answer::Unknown);
}

void Solver::Child::settle() {
  const SteadyTime until = std::chrono::steady_clock::now() + kSettleTime;
  while (abandoned_) {
    write_some();
    char block[kReadBytes];
    const ssize_t n = ::read(descriptor_, block, sizeof block);
    if (n > 0) input_.append(block, static_cast<std::size_t>(n));
    const auto end = end_of_answers(input_);
    if (end && end->after == input_.size()) {
      abandoned_ = false;
    } else if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN) ||
               input_.size() > limits_.answer.bytes_max ||
               std::chrono::steady_clock::now() >= until) {
      kill();
    } else if (n < 0) {
      pollfd wait = interest();
      ::poll(&wait, 1, 1);
    }
  }
}

void Solver::Child::finish(Answer answer) {
  verdict_.answer = answer;
  verdict_.spent = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - asked_);
  stage_ = Stage::Idle;
}

void Solver::Child::ask(const Query& query) {
  query_ = &query;
  verdict_ = Verdict{};
  asked_ = std::chrono::steady_clock::now();
  time_max_ = std::min(query.time_max.value_or(limits_.time_max), limits_.time_max);
  deadline_ = asked_ + time_max_;
  stage_ = Stage::Checking;
  if (query.script.size() > limits_.script_bytes_max)
    return give_up(UnknownReason::SolverError, "the question is longer than a solver may get");
  settle();
  if (const Status started = start(); !started.ok())
    return give_up(UnknownReason::Missing, started.error().message);
  input_.clear();
  // The same assertions under other assumptions: the solver goes on from what it has learnt.
  if (asserted_ == query.script) return send(check_command(query));
  asserted_ = query.script;
  // Each question has a level of its own, which goes before the next.  A reset costs milliseconds,
  // and now and then gives back what a solver keeps in spite of that.
  std::string before = "(pop 1)\n";
  if (asked_since_reset_ == 0) before = setup_commands();
  if (asked_since_reset_ == kQuestionsUntilReset) {
    before = "(reset)\n" + setup_commands();
    asked_since_reset_ = 0;
  }
  ++asked_since_reset_;
  send(before + "(push 1)\n" + query.script + check_command(query));
}

const TextClasses& Solver::Child::classes_of(const Query& query) {
  if (!classes_ || classes_script_ != query.script || classes_values_ != query.values) {
    classes_.emplace(query, languages_);
    classes_script_ = query.script;
    classes_values_ = query.values;
  }
  return *classes_;
}

void Solver::Child::send(std::string text) {
  to_write_ = std::move(text) + "(echo \"" + std::string(kEndOfAnswers) + "\")\n";
  written_ = 0;
}

pollfd Solver::Child::interest() const {
  const bool writing = written_ < to_write_.size();
  return {descriptor_, static_cast<short>(POLLIN | (writing ? POLLOUT : 0)), 0};
}

void Solver::Child::advance() {
  if (!done()) write_some();
  if (!done()) read_some();
}

void Solver::Child::write_some() {
  while (written_ < to_write_.size()) {
    const ssize_t n =
        ::send(descriptor_, to_write_.data() + written_, to_write_.size() - written_, MSG_NOSIGNAL);
    if (n > 0) {
      written_ += static_cast<std::size_t>(n);
      continue;
    }
    if (errno == EINTR) continue;
    // A child that is gone is noticed by reading, together with what it said before.
    if (errno != EAGAIN) to_write_.clear(), written_ = 0;
    return;
  }
}

void Solver::Child::read_some() {
  char block[kReadBytes];
  for (;;) {
    const ssize_t n = ::read(descriptor_, block, sizeof block);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      // cvc5 ends after it has said what is wrong.
      if (has_error(input_)) return give_up(UnknownReason::SolverError, input_);
      return give_up(UnknownReason::Killed, "the solver ended in the middle of a question");
    }
    input_.append(block, static_cast<std::size_t>(n));
    if (input_.size() > limits_.answer.bytes_max)
      return give_up(UnknownReason::OutputLimit, "the solver wrote too much");
    const auto end = end_of_answers(input_);
    if (!end) continue;
    if (end->after != input_.size())
      return give_up(UnknownReason::Malformed, "the solver said more than it was asked");
    const std::string answers(trim(std::string_view(input_).substr(0, end->mark)));
    input_.clear();
    return on_answers(answers);
  }
}

void Solver::Child::on_answers(std::string_view answers) {
  if (has_error(answers)) return give_up(UnknownReason::SolverError, std::string(answers));
  if (stage_ == Stage::Checking) return on_check(answers);
  on_explanation(answers);
}

void Solver::Child::on_check(std::string_view answer) {
  if (answer == "unknown") {
    verdict_.reason = UnknownReason::SolverGaveUp;
    verdict_.detail = "the solver cannot tell";
    return finish(Answer::Unknown);
  }
  if (answer != "sat" && answer != "unsat")
    return give_up(UnknownReason::Malformed, "not an answer: " + std::string(answer));
  verdict_.answer = answer == "sat" ? Answer::Sat : Answer::Unsat;
  if (verdict_.answer == Answer::Sat && !query_->values.empty()) {
    stage_ = Stage::Explaining;
    return send("(get-value (" + joined(query_->values) + "))\n");
  }
  if (verdict_.answer == Answer::Unsat && !query_->assumptions.empty()) {
    stage_ = Stage::Explaining;
    return send("(get-unsat-assumptions)\n");
  }
  finish(verdict_.answer);
}

void Solver::Child::on_explanation(std::string_view answer) {
  if (verdict_.answer == Answer::Sat) {
    auto values = parse_values(answer, limits_.answer);
    if (!values.ok() || values->size() != query_->values.size())
      return give_up(UnknownReason::Malformed,
                     values.ok() ? "not as many values as asked for" : values.error().message);
    verdict_.values = std::move(*values);
    return finish(Answer::Sat);
  }
  auto core = parse_symbols(answer, limits_.answer);
  if (!core.ok()) return give_up(UnknownReason::Malformed, core.error().message);
  verdict_.core = std::move(*core);
  finish(Answer::Unsat);
}

void Solver::Child::expire_at(SteadyTime now) {
  if (!done() && now >= deadline_)
    give_up(UnknownReason::Timeout,
            "no answer within " + std::to_string(time_max_.count()) + " ms");
}

Solver::Solver(Program program, const Limits& limits)
    : child_(std::make_unique<Child>(std::move(program), limits)) {}
Solver::~Solver() = default;
Solver::Solver(Solver&&) noexcept = default;
Solver& Solver::operator=(Solver&&) noexcept = default;

const std::string& Solver::name() const { return child_->program().name; }
Status Solver::warm_up() { return child_->start(); }
std::size_t Solver::starts() const { return child_->starts(); }

Verdict Solver::check(const Query& query) {
  return check_together(std::span(this, 1), query,
                        [](std::size_t, const Verdict&) { return false; })
      .front();
}

namespace {
// A model of the question that was asked becomes one of the question as it stands.
void with_texts(const TextClasses& classes, Verdict& verdict) {
  auto values = classes.values(verdict.values);
  if (values.ok()) {
    verdict.values = std::move(*values);
    return;
  }
  verdict = {.answer = Answer::Unknown,
             .reason = UnknownReason::Malformed,
             .detail = values.error().message,
             .spent = verdict.spent};
}
}  // namespace

std::vector<Verdict> check_together(
    std::span<Solver> solvers, const Query& query,
    const std::function<bool(std::size_t solver, const Verdict& verdict)>& enough) {
  std::vector<Verdict> verdicts(solvers.size());
  std::vector<bool> heard(solvers.size(), false);
  const TextClasses* classes = nullptr;
  Query in_classes;
  const auto begin = std::chrono::steady_clock::now();
  if (query.text_classes && !solvers.empty()) {
    classes = &solvers[0].child_->classes_of(query);
    in_classes = classes->question();
    in_classes.assumptions = query.assumptions;
    in_classes.time_max = query.time_max;
  }
  // What the classes cost is of the question's time.
  const auto made = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - begin);
  for (Solver& solver : solvers) solver.child_->ask(classes != nullptr ? in_classes : query);
  bool stop = false;
  for (;;) {
    std::vector<pollfd> interests;
    std::optional<SteadyTime> first_deadline;
    for (std::size_t i = 0; i < solvers.size(); ++i) {
      Solver::Child& child = *solvers[i].child_;
      if (stop && !child.done()) child.abandon();
      if (child.done() && !heard[i]) {
        heard[i] = true;
        verdicts[i] = child.take_verdict();
        verdicts[i].spent += made;
        if (classes != nullptr && verdicts[i].answer == Answer::Sat)
          with_texts(*classes, verdicts[i]);
        if (!stop && enough(i, verdicts[i])) {
          // Those before this one are stopped as well.
          stop = true;
          break;
        }
      }
      if (child.done()) continue;
      interests.push_back(child.interest());
      first_deadline = std::min(first_deadline.value_or(child.deadline()), child.deadline());
    }
    if (std::ranges::all_of(heard, [](bool h) { return h; })) return verdicts;
    if (stop || interests.empty()) continue;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        *first_deadline - std::chrono::steady_clock::now());
    ::poll(interests.data(), interests.size(),
           static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    for (Solver& solver : solvers) {
      if (solver.child_->done()) continue;
      solver.child_->advance();
      solver.child_->expire_at(std::chrono::steady_clock::now());
    }
  }
}

}  // namespace sealane::solver
