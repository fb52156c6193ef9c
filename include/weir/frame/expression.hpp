// Expressions over the columns of a frame: `col("delay") > 15 && !col("cancelled")`.
#pragma once

#include <concepts>
#include <memory>

#include "weir/detail/task/invoke.hpp"
#include "weir/frame/table.hpp"

namespace weir {

class Expression;

namespace detail::frame {

enum class Op : std::uint8_t {
  column,
  literal,
  add,
  subtract,
  multiply,
  divide,
  modulo,
  negate,
  less,
  less_equal,
  greater,
  greater_equal,
  equal,
  not_equal,
  both,
  either,
  invert,
  is_na,
  fill_na,
  absolute,
  square_root,
  logarithm,
  exponential,
  rounded,
  power,
  floor,
  ceil,
  is_in,
  choose,
  cast,
  lower,
  upper,
  trimmed,
  length,
  contains,
  starts_with,
  ends_with,
  substring,
  replaced,
  year,
  month,
  day,
  weekday,
  hour,
  minute,
  second,
  day_of,
  time_of,
  call
};

struct Term;

/// Calls a user's function on columns; how it is known on every rank.
using CallColumns = Column (*)(Reader& function, std::span<const Column> operands, std::size_t rows);

[[nodiscard]] Expression make_call(CallColumns call, Buffer function, ColumnType result,
                                   std::vector<ColumnType> parameters, std::vector<std::string> columns);

}  // namespace detail::frame

/// A value for each row, computed from its columns; a recipe, which holds no data.
///
/// Arithmetic is `+ - * / %`, comparisons are `< <= > >= == !=`, logic is `&& || !`. `/` divides as real
/// numbers do (`1 / 2` is 0.5); other arithmetic on int64 gives int64.
/// **Shape.** One value per row. A missing operand gives a missing value, but `false && NA` is false and
/// `true || NA` is true; a filter keeps rows that are true.
/// **Errors.** Names and types are checked when a frame is given the expression, before anything runs.
/// Division by zero gives an infinity or NaN, modulo zero a missing value. An integer beyond 64 bits is
/// `Error{task_failed}` when the frame is computed, unless `when` takes the other side.
/// **Source.** pandas' operators; three-valued logic as in SQL.
class Expression {
 public:
  /// A constant. **Errors.** Throws `Error{invalid_argument}` if it is 2^63 or more.
  template <std::integral T>
  Expression(T value) : Expression(detail::frame::as_int64("expression", {}, value)) {}
  /// A constant.
  Expression(std::int64_t value);
  /// A constant.
  Expression(double value);
  /// A constant.
  Expression(bool value);
  /// A constant.
  Expression(const char* value) : Expression(std::string(value)) {}
  /// A constant.
  Expression(std::string value);
  /// A constant day.
  Expression(std::chrono::sys_days value);

  /// Whether the value is missing: true or false.
  [[nodiscard]] Expression isna() const;
  /// The value, or `other` where it is missing.
  [[nodiscard]] Expression fillna(const Expression& other) const;
  /// Whether it is one of these; false where it is missing. **Source.** pandas' `isin`.
  [[nodiscard]] Expression isin(const std::vector<Expression>& values) const;
  /// The value as another type; text is read as numbers and dates are (what cannot be read is missing).
  [[nodiscard]] Expression astype(ColumnType type) const;
  /// The amount without sign.
  [[nodiscard]] Expression abs() const;
  /// The square root; NaN of negative numbers.
  [[nodiscard]] Expression sqrt() const;
  /// The natural logarithm.
  [[nodiscard]] Expression log() const;
  /// e to this power.
  [[nodiscard]] Expression exp() const;
  /// Rounded to so many digits behind the point; halves away from zero.
  /// Of integers, with `digits` that are not negative: themselves.
  [[nodiscard]] Expression round(int digits = 0) const;
  /// The next integer below, as float64.
  [[nodiscard]] Expression floor() const;
  /// The next integer above, as float64.
  [[nodiscard]] Expression ceil() const;
  /// To a power, as float64.
  [[nodiscard]] Expression pow(const Expression& exponent) const;

  /// What one does with text.
  class Text {
   public:
    /// Of an expression of text.
    explicit Text(const Expression& of);
    /// ASCII letters in lower case.
    [[nodiscard]] Expression lower() const;
    /// ASCII letters in upper case.
    [[nodiscard]] Expression upper() const;
    /// Without blanks at both ends.
    [[nodiscard]] Expression strip() const;
    /// **Units.** Bytes.
    [[nodiscard]] Expression length() const;
    /// Whether `part` is in it, as it is written.
    [[nodiscard]] Expression contains(const std::string& part) const;
    /// Whether it begins so.
    [[nodiscard]] Expression starts_with(const std::string& part) const;
    /// Whether it ends so.
    [[nodiscard]] Expression ends_with(const std::string& part) const;
    /// Bytes `first` to `first + count`, as far as they are there; a negative `first` counts from the end.
    [[nodiscard]] Expression slice(std::int64_t first, std::int64_t count) const;
    /// Every `part` replaced.
    [[nodiscard]] Expression replace(const std::string& part, const std::string& by) const;

   private:
    std::shared_ptr<const detail::frame::Term> of_;
  };
  /// `col("name").text().lower()`.
  [[nodiscard]] Text text() const { return Text(*this); }

  /// What one asks of dates and times (UTC).
  class Date {
   public:
    /// Of an expression of dates or times.
    explicit Date(const Expression& of);
    /// 2015.
    [[nodiscard]] Expression year() const;
    /// 1 to 12.
    [[nodiscard]] Expression month() const;
    /// 1 to 31.
    [[nodiscard]] Expression day() const;
    /// 0 (Monday) to 6.
    [[nodiscard]] Expression weekday() const;
    /// 0 to 23.
    [[nodiscard]] Expression hour() const;
    /// 0 to 59.
    [[nodiscard]] Expression minute() const;
    /// 0 to 59.
    [[nodiscard]] Expression second() const;
    /// The day of a time.
    [[nodiscard]] Expression date() const;

   private:
    std::shared_ptr<const detail::frame::Term> of_;
  };
  /// `col("time").date().month()`.
  [[nodiscard]] Date date() const { return Date(*this); }

  /// As one would write it.
  [[nodiscard]] std::string show() const;

  /// From its description; for the library.
  explicit Expression(std::shared_ptr<const detail::frame::Term> term) : term_(std::move(term)) {}
  /// The description; for the library.
  [[nodiscard]] const std::shared_ptr<const detail::frame::Term>& term() const noexcept { return term_; }

  friend Expression operator+(const Expression& a, const Expression& b);
  friend Expression operator-(const Expression& a, const Expression& b);
  friend Expression operator*(const Expression& a, const Expression& b);
  friend Expression operator/(const Expression& a, const Expression& b);
  friend Expression operator%(const Expression& a, const Expression& b);
  friend Expression operator<(const Expression& a, const Expression& b);
  friend Expression operator<=(const Expression& a, const Expression& b);
  friend Expression operator>(const Expression& a, const Expression& b);
  friend Expression operator>=(const Expression& a, const Expression& b);
  friend Expression operator==(const Expression& a, const Expression& b);
  friend Expression operator!=(const Expression& a, const Expression& b);
  friend Expression operator&&(const Expression& a, const Expression& b);
  friend Expression operator||(const Expression& a, const Expression& b);
  friend Expression operator-(const Expression& a);
  friend Expression operator!(const Expression& a);

 private:
  std::shared_ptr<const detail::frame::Term> term_;
};

/// The value of a column. Throws when a frame is given the expression and has no such column.
[[nodiscard]] Expression col(std::string name);
/// A constant, where both sides of an operator would be plain C++ otherwise.
[[nodiscard]] inline Expression lit(Expression value) { return value; }
/// `yes` where the condition is true, `no` where it is false, missing where it is.
[[nodiscard]] Expression when(const Expression& condition, const Expression& yes, const Expression& no);

/// What the compiler says of other functions of columns.
#define WEIR_COLUMN_FUNCTION                                                                          \
  "a function of columns takes and returns bool, integers, double, std::string, std::string_view or " \
  "std::optional of these, has the types of its parameters written out (not auto), and captures nothing"

namespace detail::frame {

/// Whether a function can be called with values of columns and makes one.
template <class F>
constexpr bool is_column_function() {
  if constexpr (!task::Parameters<F>::value || !task::Callable<F>::travels) return false;
  else
    return []<class... P>(std::tuple<P...>*) {
      if constexpr (!std::is_invocable_v<F&, P...>) return false;
      else
        return (Cell<std::remove_cvref_t<P>> && ...) &&
               Cell<std::remove_cvref_t<std::invoke_result_t<F&, P...>>>;
    }(static_cast<typename task::Parameters<F>::Types*>(nullptr));
}
template <class F>
concept ColumnFunction = is_column_function<F>();

template <class F, class R, class Types>
struct CallOn;
template <class F, class R, class... P>
struct CallOn<F, R, std::tuple<P...>> {
  template <class T>
  using Plain = std::remove_cvref_t<T>;
  using Result = Stored<Bare<Plain<R>>>;
  static Column call(Reader& in, std::span<const Column> operands, std::size_t rows) {
    return call(in, operands, rows, std::index_sequence_for<P...>{});
  }
  template <std::size_t... I>
  static Column call(Reader& in, std::span<const Column> operands, std::size_t rows,
                     std::index_sequence<I...>) {
    F function = task::Callable<F>::get(in);
    std::vector<std::optional<Result>> results(rows);
    for (std::size_t i = 0; i < rows; ++i) {
      if (((!Optional<Plain<P>>::value && operands[I].is_na(i)) || ...)) continue;
      const auto result = std::invoke(function, argument<Plain<P>>(operands[I], i)...);
      if constexpr (Optional<Plain<R>>::value) {
        if (result) results[i] = stored("function of columns", {}, *result);
      } else {
        results[i] = stored("function of columns", {}, result);
      }
    }
    return make_column(results);
  }
  template <class T>
  static T argument(const Column& column, std::size_t i) {
    T value{};
    read_cell("function of columns", "parameter", column, i, value);
    return value;
  }
};

}  // namespace detail::frame

/// A function of the named columns, called for each row: `apply([](double x, double y) { return x / y; },
/// {"miles", "hours"})`.
///
/// **Shape.** One value per row; missing where an argument is missing, unless its parameter is a
/// std::optional.
/// **Errors.** The types of the parameters are compared with those of the columns when a frame is given the
/// expression. What the function throws ends the computation.
/// \param function  Takes and returns bool, integers, double, text, or std::optional of these; a lambda with
/// its types written out (no `auto`), which captures nothing.
template <class F>
requires detail::frame::ColumnFunction<F>
[[nodiscard]] Expression apply(F function, std::vector<std::string> columns) {
  using Types = typename detail::task::Parameters<F>::Types;
  return [&]<class... P>(std::tuple<P...>*) {
    using R = std::invoke_result_t<F&, P...>;
    using On = detail::frame::CallOn<F, R, Types>;
    Buffer kept;
    Writer writer(kept);
    detail::task::Callable<F>::put(writer, function);
    return detail::frame::make_call(
        &On::call, std::move(kept),
        detail::frame::TypeOf<detail::frame::Bare<std::remove_cvref_t<R>>>::value_of,
        {detail::frame::TypeOf<detail::frame::Bare<std::remove_cvref_t<P>>>::value_of...},
        std::move(columns));
  }(static_cast<Types*>(nullptr));
}

/// \cond
template <class F>
requires(!detail::frame::ColumnFunction<F>) WEIR_REFUSES("weir: apply: " WEIR_COLUMN_FUNCTION)
Expression apply(F, const std::vector<std::string>&) { __builtin_unreachable(); }
template <class F, std::convertible_to<std::string> Name>
WEIR_REFUSES("weir: apply: the names of the columns are a list: apply(f, {\"a\"})")
Expression apply(F, const Name&) {
  __builtin_unreachable();
}
/// \endcond

}  // namespace weir
