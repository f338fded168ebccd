"""Compares sentence segmenters on hand-made hard sentences, on speed, and on adversarial length.

    python benchmarks/segmenters.py

Ours needs nothing else. To compare, install any of the others beside it:
``pip install pysbd==0.3.4 sentencex==1.0.32 syntok==1.4.4 nupunkt==0.8.0 blingfire==0.1.8 numpy``. One that is not
installed is left out and named.

Prints for each: precision, recall and F1 of the boundaries between sentences; whether its sentences slice back to the
text they came from; µs per sentence; and seconds on adversarial texts of 25 kB and 100 kB (a factor of 4 is linear).
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from importlib import import_module

from guardlayer.claims.sentences import sentences

# One text a row; its sentences are divided by " ¦ ". All were written for this file.
HARD = """
Dr. Reyes arrived at noon. ¦ She left at six.
Mr. and Mrs. Okafor moved to St. Louis in Jan. 2019. ¦ They sold the house.
The meeting starts at 5 p.m. on Friday. ¦ Bring your notes.
We met at 5 p.m. ¦ The doors were closed.
Acme Inc. reported a loss of $4.2M. ¦ Shares fell 3.5%.
She works at Acme Inc. ¦ Her office is in Oslo.
J. K. Rowling wrote it. ¦ H. G. Wells did not.
George W. Bush was the 43rd president. ¦ Barack Obama was the 44th.
The U.S. economy grew. ¦ The U.K. economy shrank.
He lives in the U.S. ¦ He likes it there.
Version 2.0.1 fixed the bug. ¦ Version 2.1 added dark mode.
Upgrade to v3.4. ¦ v3.5 is not stable.
See https://example.org/a.b?c=1. ¦ It explains the rest.
Visit example.com for details. ¦ Then sign up.
The value is 3.14159. ¦ It never ends.
It costs $1,299.00. ¦ Tax is extra.
"I came. I saw. I conquered," he said. ¦ Nobody replied.
"Is it ready?" she asked. ¦ "Almost," he said.
He shouted, "Stop!" ¦ Then he ran.
She said "no." ¦ He understood.
Wait... what? ¦ That is odd.
Well... I guess so. ¦ Fine.
The list goes on… ¦ Nobody reads it.
Great work! 🎉 ¦ The release is out.
Done ✅ ¦ Next step is testing.
Really?! ¦ Yes.
Yahoo! is a company. ¦ Jeopardy! is a show.
What is it? ¦ It is a lamp.
See Fig. 3 for details. ¦ Fig. 4 is omitted.
No. 5 is the best one. ¦ No. 7 is worse.
Is it open? ¦ No. ¦ It closed at five.
Cats, dogs, etc. are welcome. ¦ Birds are not.
We sell pens, paper, etc. ¦ The shop is open daily.
It is small, i.e. under 5 cm. ¦ It is light, e.g. under 10 g.
Smith et al. found no effect. ¦ Jones et al. did.
He holds a Ph.D. in physics. ¦ She holds an M.D. and a J.D.
He has a Ph.D. ¦ She does not.
The temperature was -3.5 °C. ¦ It rose later.
The company (est. 1990) is small. ¦ It has 5 staff.
He left (it was late. Nobody minded.) and slept. ¦ Morning came.
Plan B. was never used. ¦ Plan C. was.
I prefer vitamin C. ¦ The others are fine.
iPhone sales rose. ¦ iPad sales fell.
She bought a Mac. ¦ iOS was new to her.
i think so. ¦ the fee is 3%.
it rained all day. ¦ we stayed in.
The rate is approx. 4 percent. ¦ It may rise.
Sen. Warren and Rep. Lee voted no. ¦ Gov. Hale signed it.
Lt. Col. Dane saluted. ¦ Gen. Ruiz did not.
On Sept. 5 it opened. ¦ On Dec. 24 it closed.
It opened in Dec. ¦ The crowds came.
The U.N. met. ¦ The E.U. agreed.
At 10 a.m. EST the call began. ¦ It ended at 11.
Use a.txt or b.txt. ¦ Never use c.txt.
Call obj.method(x). ¦ It returns None.
Node.js is popular. ¦ So is Vue.js.
The .NET runtime is free. ¦ C# is, too.
He scored 3 vs. 2 for them. ¦ They went home.
The ratio is 1:3. ¦ The other is 2:5.
It takes 2 min. to boil. ¦ Stir for 30 sec. and serve.
Prof. Dr. Weiß teaches here. ¦ He is kind.
M. Dupont est arrivé. ¦ Il est tard.
Herr Dr. Klein kommt. ¦ Er ist müde.
¿Está abierto? ¦ Sí, hasta las 5.
¡Hola! ¦ Soy Ana.
これは本です。 ¦ 彼は学生です。
彼は「はい。」と言った。 ¦ 私は驚いた。
今天天气很好。 ¦ 我们去公园吧！ ¦ 好吗？
भारत की राजधानी नई दिल्ली है। ¦ यह एक बड़ा देश है।
هل المكتب مفتوح؟ ¦ نعم، حتى الخامسة.
Это тест. ¦ Он короткий.
Ο καφές είναι ζεστός. ¦ Το τσάι είναι κρύο.
Շատ լավ է։ ¦ Գնանք։
ይህ ጥሩ ነው። ¦ እንሂድ።
The fee is 3%.[1] ¦ It rose in May.[2]
**The fee is 3%.** ¦ It rose in May.
It is the "best." ¦ Others disagree.
"Go home," she said. "It is late." ¦ He went.
He asked why. ¦ She said: "Because."
Jan. 6 was cold. ¦ Feb. 7 was worse.
Apple, Google, Amazon, etc. ¦ All are large.
Open from 9 a.m. to 5 p.m. ¦ Closed on Sundays.
The St. Lawrence River is long. ¦ Mt. Fuji is high.
He was born in Washington, D.C. ¦ His parents were teachers.
Washington, D.C. is the capital. ¦ New York is not.
Martin Luther King Jr. was born in 1929. ¦ He died in 1968.
It was led by Sammy Davis Jr. ¦ The band broke up.
Turn left on Main St. and walk. ¦ Turn right on 5th Ave. and stop.
She weighs 60 kg. ¦ He weighs 80 kg.
Ask for extension no. 12. ¦ Ask for Ann.
There were 5,000 people. ¦ 300 stayed.
In 2019. ¦ In 2020, it moved.
Sales grew in Q3. ¦ Q4 was flat.
First, open it. ¦ Second, close it. ¦ Third, wait.
The end. ¦
""".strip().split("\n")

# Written after the rules were finished and measured once; nothing was changed afterwards to fit them.
BLIND = """
Capt. Ahab sailed at dawn. ¦ The crew slept.
The patient took 2.5 mg. of it. ¦ He recovered.
Our office is at 12 Elm Ave. ¦ Visit us soon.
The bill passed 51-49. ¦ Nobody celebrated.
Ms. A. B. Cole signed for Harper & Sons Ltd. ¦ The deal closed.
Was it Mr. Hyde? ¦ No one knows.
Prices rose by approx. 2.3% in Q2. ¦ They fell in Q3.
The file is at C:\\temp\\a.txt. ¦ Open it.
Email me at ann.lee@example.org. ¦ I reply fast.
IP 10.0.0.1 is down. ¦ 10.0.0.2 is up.
The suspect, a.k.a. The Fox, fled. ¦ Police followed.
He cried: "Help! Help!" ¦ Nobody came.
(This is an aside.) ¦ The story goes on.
Chapter 3. ¦ The storm began.
It was 3 a.m. ¦ I was awake.
The play "Who's Afraid?" opened in Oct. 1962. ¦ Critics loved it.
Ask Lt. Mayor Cruz. ¦ She knows.
We use Python 3.11. ¦ It is fast.
Their CEO, J. P. Ng, quit. ¦ Shares sank.
Pay by Nov. 30. ¦ Late fees apply.
He said hi... ¦ Then he left.
Ok. ¦ Let us begin.
The A.I. boom continues. ¦ Chips are scarce.
It measures 5 ft. 3 in. in height. ¦ It weighs little.
They live near Mt. Rainier, Wash. ¦ It rains often.
Hmm... ¦ OK!! ¦ Let's go.
Les prix ont baissé. ¦ C'est une bonne nouvelle.
「行こう。」 ¦ 彼は立った。
东京是日本的首都。 ¦ 它很大。
See § 3.2. ¦ It applies to all.
""".strip().split("\n")

SHAPES: dict[str, Callable[[int], str]] = {
    "dots": lambda n: "." * n,
    "initials": lambda n: "A. " * (n // 3),
    "no ends": lambda n: "word " * (n // 5),
    "quotes": lambda n: '" a. ' * (n // 5),
    "lines": lambda n: "a\n" * (n // 2),
    "spaces": lambda n: "a." + " " * n + "b",
}


def ours(text: str) -> list[str]:
    """Return our sentences."""
    return [text[start:end] for start, end in sentences(text)]


def _pysbd() -> Callable[[str], list[str]]:
    segmenter = import_module("pysbd").Segmenter(language="en", clean=False)
    return lambda text: [sentence.strip() for sentence in segmenter.segment(text)]


def _sentencex() -> Callable[[str], list[str]]:
    segment = import_module("sentencex").segment
    return lambda text: [sentence.strip() for sentence in segment("en", text)]


def _syntok() -> Callable[[str], list[str]]:
    process = import_module("syntok.segmenter").process

    def segment(text: str) -> list[str]:
        found = []
        for paragraph in process(text):
            found += [text[tokens[0].offset : tokens[-1].offset + len(tokens[-1].value)] for tokens in paragraph]
        return found

    return segment


def _nupunkt() -> Callable[[str], list[str]]:
    tokenize = import_module("nupunkt").sent_tokenize
    return lambda text: [sentence.strip() for sentence in tokenize(text)]


def _blingfire() -> Callable[[str], list[str]]:
    tokenize = import_module("blingfire").text_to_sentences
    return lambda text: tokenize(text).split("\n")


MAKERS: dict[str, Callable[[], Callable[[str], list[str]]]] = {
    "ours": lambda: ours,
    "pysbd": _pysbd,
    "sentencex": _sentencex,
    "syntok": _syntok,
    "nupunkt": _nupunkt,
    "blingfire": _blingfire,
}


def _bare_ends(parts: list[str]) -> set[int]:
    """Return where sentences end, counted in characters that are not white space; the last end is given away."""
    ends, at = set(), 0
    for part in parts:
        at += len("".join(part.split()))
        ends.add(at)
    return ends


def _timed(name: str, text: str, queue: multiprocessing.Queue[float]) -> None:
    segment = MAKERS[name]()
    begin = time.perf_counter()
    segment(text)
    queue.put(time.perf_counter() - begin)


def _seconds(name: str, text: str, limit: float) -> float | None:
    """Return how long ``name`` takes for ``text``, or ``None`` if longer than ``limit`` seconds or it fails."""
    queue: multiprocessing.Queue[float] = multiprocessing.Queue()
    process = multiprocessing.Process(target=_timed, args=(name, text, queue))
    process.start()
    process.join(limit)
    if process.is_alive():
        process.kill()
        process.join()
        return None
    return queue.get() if process.exitcode == 0 else None


def _rows(texts: list[str]) -> list[list[str]]:
    return [[part.strip() for part in row.split("¦") if part.strip()] for row in texts]


def _score(segment: Callable[[str], list[str]], rows: list[list[str]]) -> str:
    """Return precision, recall and F1 of the inner boundaries, texts divided right, and whether offsets are exact."""
    right = found = wanted = whole = 0
    exact = True
    for row in rows:
        text = " ".join(row)
        cut = segment(text)
        total = len("".join(text.split()))
        got, want = _bare_ends(cut) - {total}, _bare_ends(row) - {total}
        right += len(got & want)
        found += len(got)
        wanted += len(want)
        whole += got == want
        exact &= all(part in text for part in cut)
    precision, recall = right / max(1, found), right / wanted
    harmonic = 2 * precision * recall / (precision + recall)
    return f"{precision:6.3f} {recall:6.3f} {harmonic:6.3f} {whole:5}/{len(rows):<3} {'exact' if exact else 'LOST':>7}"


def main() -> None:
    """Measure and print."""
    sets = {"hard": _rows(HARD), "blind": _rows(BLIND)}
    for label, rows in sets.items():
        count = sum(map(len, rows))
        print(f"{label}: {len(rows)} texts, {count} sentences, {count - len(rows)} boundaries between sentences")
    print(f"{'segmenter':10} {'set':6} {'P':>6} {'R':>6} {'F1':>6} {'all right':>9} {'offsets':>7} {'µs/sentence':>12}")
    segments = {}
    for name, make in MAKERS.items():
        try:
            segments[name] = make()
        except ImportError as error:
            print(f"{name:10} not installed: {error}")
    for name, segment in segments.items():
        for label, rows in sets.items():
            texts = [" ".join(row) for row in rows]
            begin = time.process_time()
            for _ in range(5):
                for text in texts:
                    segment(text)
            cost = (time.process_time() - begin) / 5 / sum(map(len, rows)) * 1e6
            print(f"{name:10} {label:6} {_score(segment, rows)} {cost:12.1f}")
    print("seconds for 25 kB → 100 kB of one shape")
    for name in segments:
        cells = []
        for shape, build in SHAPES.items():
            pair = [_seconds(name, build(size), 20.0) for size in (25_000, 100_000)]
            cells.append(f"{shape} " + " → ".join("over 20" if t is None else f"{t:.3f}" for t in pair))
        print(f"{name:10} " + "; ".join(cells))


if __name__ == "__main__":
    main()
