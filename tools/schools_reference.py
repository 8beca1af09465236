"""Draw the posterior of the eight schools by many chains, into src/onekl/data/schools.json.

Usage: `schools_reference.py`, with the extra `chains` installed (`pip install -e .[chains]`).
NumPyro's No-U-Turn Sampler runs on μ, τ and η, on one CPU core for about two minutes.
The file holds every 256th draw, the diagnostics of all of them, and what made it.
"""

from __future__ import annotations

import json
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import numpy as np
import numpyro
from numpyro.diagnostics import effective_sample_size, split_gelman_rubin
from numpyro.distributions import Normal
from numpyro.infer import MCMC, NUTS

from onekl.data.schools import EFFECTS, ERRORS, MODEL

FILE = Path(__file__).resolve().parents[1] / "src" / "onekl" / "data" / "schools.json"
CHAINS, WARM_UP, DRAWS, THIN, SEED, TARGET = 32, 2_000, 16_000, 256, 0, 0.95


def model() -> None:
    """The eight schools, as `MODEL` says them."""
    mu, tau = (numpyro.sample(name, Normal(0, 1)) for name in ("mu", "tau"))
    eta = numpyro.sample("eta", Normal(np.zeros(len(EFFECTS)), 1).to_event(1))
    mean = mu + tau * eta
    numpyro.sample("y", Normal(mean, np.array(ERRORS)).to_event(1), obs=np.array(EFFECTS))


def run() -> tuple[np.ndarray, int]:
    """The draws (chains, draws, 10), and how many of them were divergent."""
    kernel = NUTS(model, target_accept_prob=TARGET)
    sampler = MCMC(
        kernel,
        num_warmup=WARM_UP,
        num_samples=DRAWS,
        num_chains=CHAINS,
        chain_method="vectorized",
        progress_bar=False,
    )
    sampler.run(jax.random.PRNGKey(SEED), extra_fields=("diverging",))
    found = {name: np.asarray(part) for name, part in sampler.get_samples(True).items()}
    columns = [found["mu"][..., None], found["tau"][..., None], found["eta"]]
    divergent = int(np.asarray(sampler.get_extra_fields()["diverging"]).sum())
    return np.concatenate(columns, -1), divergent


def content(draws: np.ndarray, divergent: int) -> dict[str, Any]:
    """What the file holds."""
    kept = draws[:, THIN - 1 :: THIN].reshape(-1, draws.shape[-1])
    made = {
        "sampler": "NumPyro's NUTS",
        "versions": {name: version(name) for name in ("numpyro", "jax", "numpy")},
        "chains": CHAINS,
        "warm-up": WARM_UP,
        "draws of a chain": DRAWS,
        "thinned by": THIN,
        "target acceptance": TARGET,
        "seed": SEED,
        "divergent draws": divergent,
        "date": date.today().isoformat(),
    }
    return {
        "model": MODEL,
        "made": made,
        "r_hat": np.round(split_gelman_rubin(draws), 5).tolist(),
        "effective": np.round(effective_sample_size(draws)).tolist(),
        "draws": np.round(kept, 4).tolist(),
    }


def text(found: dict[str, Any]) -> str:
    """The content as JSON, with each draw on a line."""
    rows = ",\n".join(json.dumps(row) for row in found.pop("draws"))
    head = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in found.items()]
    return "{\n" + ",\n".join([*head, f'"draws": [\n{rows}\n]']) + "\n}\n"


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    FILE.write_text(text(content(*run())), encoding="utf-8")
    print(f"{FILE.name}: {FILE.stat().st_size // 1024} KiB")
