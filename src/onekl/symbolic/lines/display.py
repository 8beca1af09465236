from onekl.symbolic.notation import latex


def display(lines):
    return (
        r"\begin{aligned}"
        + r" \\ ".join(
            "&"
            + l.sign.replace("same", r"\sim")
            .replace(">=", r"\geq")
            .replace("->", r"\to")
            .replace("~", r"\approx")
            + latex(l.expression)
            for l in lines
        )
        + r"\end{aligned}"
    )
