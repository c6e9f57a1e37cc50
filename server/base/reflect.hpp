#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include <optional>
#include <string_view>
#include <type_traits>

namespace hermod {

template <class T>
concept Described = boost::describe::has_describe_members<T>::value && !std::is_enum_v<T>;

template <class T>
concept DescribedEnum = boost::describe::has_describe_enumerators<T>::value;

/// Calls `visit(name, member pointer, std::type_identity<Value>)` for each field in order.
template <Described T, class Visit>
constexpr void for_each_field(Visit&& visit)
{
    using Fields = boost::describe::describe_members<T, boost::describe::mod_public>;
    boost::mp11::mp_for_each<Fields>([&]<class Field>(Field) {
        using Value = std::remove_cvref_t<decltype(std::declval<T&>().*Field::pointer)>;
        visit(std::string_view{Field::name}, Field::pointer, std::type_identity<Value>{});
    });
}

template <Described T>
constexpr std::size_t field_count =
    boost::mp11::mp_size<boost::describe::describe_members<T, boost::describe::mod_public>>::value;

/// `Message` for hermod::messages::Message: the name of its schema.
template <class T>
constexpr std::string_view type_name()
{
    std::string_view const text = __PRETTY_FUNCTION__;
    auto const begin = text.find("T = ") + 4;
    auto name = text.substr(begin, text.find_first_of(";]", begin) - begin);
    auto const scope = name.rfind("::");
    return scope == std::string_view::npos ? name : name.substr(scope + 2);
}

/// The enumerator's name; a trailing `_`, which keeps a C++ keyword apart, is not part of it.
template <class Enumerator>
constexpr std::string_view enumerator_name(Enumerator const& enumerator)
{
    std::string_view const name = enumerator.name;
    return name.ends_with('_') ? name.substr(0, name.size() - 1) : name;
}

template <DescribedEnum E>
std::string_view to_name(E value)
{
    std::string_view name;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto enumerator) {
        if (value == enumerator.value)
            name = enumerator_name(enumerator);
    });
    return name;
}

template <DescribedEnum E>
std::optional<E> from_name(std::string_view name)
{
    std::optional<E> value;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto enumerator) {
        if (name == enumerator_name(enumerator))
            value = enumerator.value;
    });
    return value;
}

template <class T>
constexpr bool is_optional = false;
template <class T>
constexpr bool is_optional<std::optional<T>> = true;

}
