"""What script/lint.py needs to know of C++: literals, comments, and where functions begin and end."""

import re


class Cpp:
    """C++ split into code (comments and literals blanked, newlines kept) and its string literals."""

    TOKEN = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^(\s]*)\((?P<raw>.*?)\)(?P=tag)"'
        r'|"(?P<text>(?:\\.|[^"\\\n])*)"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])*\'',
        re.DOTALL,
    )

    def __init__(self, text):
        self.strings = []  # (line, text), neighbours joined as the compiler joins them
        code = []
        end = 0
        since = "first"  # code since the last literal
        for match in self.TOKEN.finditer(text):
            code.append(text[end : match.start()])
            since += code[-1]
            end = match.end()
            token = match.group()
            literal = match.group("raw") if match.group("raw") is not None else match.group("text")
            if literal is None:
                code.append(re.sub(r"[^\n]", " ", token))
                continue
            if since.strip():
                self.strings.append((text.count("\n", 0, match.start()) + 1, literal))
            else:
                line, before = self.strings[-1]
                self.strings[-1] = (line, before + literal)
            since = ""
            code.append('"' + re.sub(r"[^\n]", " ", token[2:]) + '"')
        code.append(text[end:])
        self.code = "".join(code)


def without_template_heads(text):
    """`template <class T> void f(` → ` void f(`, so that its `class` names no scope."""
    while match := re.search(r"\btemplate\s*<", text):
        depth, end = 1, match.end()
        while end < len(text) and depth:
            depth += {"<": 1, ">": -1}.get(text[end], 0)
            end += 1
        text = text[: match.start()] + text[end:]
    return text


def functions_of(code):
    """(first line, last line) of each outermost function body, found by its braces."""
    stack = []
    head = 0
    for match in re.finditer(r"[{};]", code):
        token, at = match.group(), match.start()
        if token == "{":
            kind = "block"
            if all(kind == "scope" for kind, _ in stack):
                text = without_template_heads(code[head:at])
                if re.search(r"^[^(]*\b(namespace|class|struct|union|enum|extern)\b", text):
                    kind = "scope"
                elif "(" in text:
                    kind = "function"
            stack.append((kind, head))
        elif token == "}" and stack:
            kind, start = stack.pop()
            if kind == "function":
                start += len(code[start:at]) - len(code[start:at].lstrip())
                yield code.count("\n", 0, start) + 1, code.count("\n", 0, at) + 1
        head = at + 1
