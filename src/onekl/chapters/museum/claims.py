"""The specimens of the bug museum: the field's mistakes as claims that the check rejects, and what is true instead.

They are no claims of the sources and do not enter the ledger.
"""

import sympy
from sympy import Add, Derivative, Mul, Rational, S, exp, log, pi

from onekl.chapters.joint_kl.claims import TABLES, P, Q, x, z
from onekl.chapters.museum.specimen import Specimen
from onekl.chapters.vae.claims import gaussian_kl, mu, s, sigma, slope, tau, v
from onekl.claims.claim import Claim
from onekl.symbolic.algebra import KL, Expectation, Gaussian
from onekl.symbolic.limits import Limit
from onekl.symbolic.optima import Minimum
from onekl.symbolic.sampling import RandomParameters
from onekl.symbolic.statements import Bound, Counterexample, Identity

HALF = Rational(1, 2)
a, b, c, t, m, logit = sympy.symbols("a b c t m ell", real=True)
a_1, a_2, b_1, b_2, e_1, e_2 = sympy.symbols("a_1 a_2 b_1 b_2 epsilon_1 epsilon_2", real=True)
epsilon = sympy.Symbol("epsilon", real=True)
u, n, pixels = sympy.symbols("u n d", positive=True)
ranges = RandomParameters((
    *((symbol, -2, 2) for symbol in (mu, v, x, z, a, b, c, t, m, logit, a_1, a_2, b_1, b_2, e_1, e_2)),
    (sigma, 0.2, 2), (s, 0.3, 2), (slope, 0.3, 2), (tau, 0.1, 3), (u, 0.1, 0.9), (n, 3, 30), (pixels, 2, 30),
))  # fmt: skip


def exactly(left, right, **at):
    """The exact refutation of left = right at values of symbols, given by name."""
    symbols = {symbol.name: symbol for symbol in left.free_symbols | right.free_symbols}
    return Counterexample(
        ranges,
        left=left,
        right=right,
        values=tuple((symbols[name], sympy.sympify(value)) for name, value in at.items()),
    )


encoder = Gaussian(z, mu, tau)  # by its variance

# bug-1
prior = Gaussian(z, 0, 1)
to_prior = KL(Gaussian(z, mu, sigma**2), prior)
sign_lost = Mul(HALF, Add(1, log(sigma**2), -(mu**2), -(sigma**2), evaluate=False), evaluate=False)
log_squared = Mul(HALF, Add(sigma**2, mu**2, -1, log(sigma) ** 2, evaluate=False), evaluate=False)

# bug-2
noise = Gaussian(epsilon, 0, 1)


def variance(scale):
    """The variance of μ + scale · ε."""
    return Expectation(noise, Mul(scale, epsilon, evaluate=False) ** 2)


# bug-3: d pixels of one kind, each with the decoder's mean wz.
one_pixel = Expectation(encoder, Add(x, -slope * z, evaluate=False) ** 2) / (2 * s**2)
rate = KL(encoder, prior)
summed, averaged = (
    Add(pixels * one_pixel, rate, evaluate=False),
    Add(one_pixel, rate, evaluate=False),
)
right_variance = s**2 / Add(s**2, pixels * slope**2, evaluate=False)
LINE = (
    r"\text{the decoder's mean is } wz \text{ at each of the } d \text{ pixels, and is held fixed}",
)

# bug-4
given_z, posterior, code_prior = Q(x, given=z), P(z, given=x), Q(z)
surprise = Expectation(P(x), -log(Q(x)))
bound = Expectation(
    P(x),
    Expectation(posterior, Add(-log(given_z), -log(code_prior), log(posterior), evaluate=False)),
)
no_prior = Expectation(
    P(x), Expectation(posterior, Add(-log(given_z), log(posterior), evaluate=False))
)
gap = Expectation(P(x), KL(posterior, Q(z, given=x)))
FLAT = [[Rational(1, 4)] * 2] * 2

# bug-5, bug-6: D is the sigmoid of the logit.
D = 1 / Add(1, exp(-logit), evaluate=False)
not_D = 1 / Add(1, exp(logit), evaluate=False)


# bug-7 … bug-9: a is a data point, b a sample.
def between(e, p, q):
    """εp + (1 − ε)q."""
    return Add(Mul(e, p), Mul(Add(1, -e, evaluate=False), q, evaluate=False), evaluate=False)


off_the_line = Add(
    Mul(Add(between(e_1, a_1, b_1), -b_1, evaluate=False), a_2 - b_2, evaluate=False),
    -Mul(Add(between(e_2, a_2, b_2), -b_2, evaluate=False), a_1 - b_1, evaluate=False),
    evaluate=False,
)
point = between(epsilon, a, b)
inside = Mul(
    epsilon, Add(1, -epsilon, evaluate=False), evaluate=False
)  # at least 0 exactly on the segment
critic = Add(x, c * (x - a) ** 2 / 2, evaluate=False)
penalty = Add(Derivative(critic, x), -1, evaluate=False) ** 2
critic_gap = Add(critic.subs(x, a), -critic.subs(x, b), evaluate=False)

# bug-10: the angle of the last of n centres, when the first is at 0.
before = Add(n, -1, evaluate=False)
last_of_linspace = Mul(before, 2 * pi / before, evaluate=False)
last_of_ring = Add(2 * pi, -2 * pi / n, evaluate=False)


SPECIMENS = (
    Specimen(
        said=Claim(
            "bug-1",
            (
                Identity(ranges, left=to_prior, right=sign_lost),
                Identity(ranges, left=to_prior, right=log_squared),
            ),
        ),
        true=Claim(
            "bug-1",
            (Identity(ranges, left=to_prior, right=gaussian_kl),),
            refuted=(
                exactly(to_prior, sign_lost, mu=1, sigma=1),
                exactly(to_prior, log_squared, mu=0, sigma=sympy.E),
            ),
        ),
        title="A KL with the wrong sign",
        seen=(
            "EderSantana/gumbel, GumbelVAE.ipynb: the loss to be minimised is the reconstruction error minus the KL (issue 3 there)",
            "FluxML/model-zoo, mnist/vae.jl, early versions: the square of log σ, with a plus, where −2 log σ belongs (mended by pull request 147)",
            "AntixK/PyTorch-VAE, models/vanilla_vae.py: the loss is right, but the figure returned under the name KLD has its sign turned (issue 68)",
        ),
        effect="The loss has no lower end: the codes or their variances run away, and the loss falls for ever. With the square of log σ the run looks healthy and ends with a slightly lower likelihood.",
        catch="# the smallest value of a Gaussian decoder's loss\nassert (loss >= 0.5 * pixels * math.log(2 * math.pi * s**2)).all()",
    ),
    Specimen(
        said=Claim(
            "bug-2",
            (
                Identity(ranges, left=variance(v), right=exp(v)),
                Identity(ranges, left=variance(exp(v)), right=exp(v)),
            ),
        ),
        true=Claim(
            "bug-2",
            (
                Identity(ranges, left=variance(exp(v / 2)), right=exp(v)),
                Identity(ranges, left=variance(v), right=v**2),
            ),
            refuted=(exactly(variance(v), exp(v), v=0), exactly(variance(exp(v)), exp(v), v=2)),
        ),
        title="The logarithm of the variance as a standard deviation",
        seen=(
            "rachtsingh/ibp_vae, src/models/common.py, the last function: the noise is multiplied by the exponential of logvar, which is the variance (issue 3 there)",
            "keras-team/keras, examples/variational_autoencoder.py, as of issue 3283: the exponential of z_log_std, beside a KL for which it is the logarithm of the variance",
            "alecGraves/BVAE-tf, issue 7: the exponential without the half; the thread ends with the variable renamed to logvar",
        ),
        effect="The noise is not that of the KL, so the loss is no bound any more. With z = μ + vε it reports more than the likelihood; with z = μ + exp(v)ε it reports more than its bound and less than the likelihood. The model itself need not be worse.",
        catch="# many draws of z for one x\nassert abs(z.std(0) - torch.exp(0.5 * log_var)).max() < 0.01",
    ),
    Specimen(
        said=Claim(
            "bug-3", (Minimum(ranges, LINE, expression=averaged, symbol=tau, at=right_variance),)
        ),
        true=Claim(
            "bug-3",
            (
                Minimum(ranges, LINE, expression=summed, symbol=tau, at=right_variance),
                Minimum(
                    ranges,
                    LINE,
                    expression=averaged,
                    symbol=tau,
                    at=s**2 / Add(s**2, slope**2, evaluate=False),
                ),
            ),
            refuted=(exactly(s**2 / (s**2 + slope**2), right_variance, s=1, w=1, d=64),),
        ),
        title="A sum against a mean",
        seen=(
            "keras-team/keras, examples/variational_autoencoder.py, summer of 2016: a cross-entropy averaged over the pixels beside the KL; pull request 3383 brought the factor original_dim back",
            "zdebruine/MMVAE, pull request 19: F.mse_loss with its default mean beside a KL that is summed; the thread reports a KL that drops to 0 within a few epochs",
            "podgorskiy/VAE, issue 1: the KL is averaged over the latent dimensions",
        ),
        effect="With the error as a mean over many pixels, the KL outweighs it: the code is not used, and every reconstruction is the same mean picture. With the KL as a mean over a few dimensions, little is to be seen.",
        catch="# the reconstruction part, for every pixel twice\nassert torch.allclose(loss(x.repeat(1, 2)), 2 * loss(x))",
    ),
    Specimen(
        said=Claim("bug-4", (Bound(TABLES, upper=no_prior, lower=surprise, remainder=gap),)),
        true=Claim(
            "bug-4",
            (Bound(TABLES, upper=bound, lower=surprise, remainder=gap),),
            refuted=(
                Counterexample(
                    TABLES,
                    left=no_prior,
                    right=Add(surprise, gap, evaluate=False),
                    tables=((P, FLAT), (Q, FLAT)),
                ),
            ),
        ),
        title="log p(z) dropped from the bound",
        seen=(
            "seen as log p(x|z) − log q(z|x) in derivations; we found no public line with the code's prior left out that we could name",
            "a relative: depasquale-lab/StateSpaceDynamics.jl, pull request 146: the prior of the dynamics' parameters had been left out of the bound",
        ),
        effect="The bound that is reported gets better and better while the codes leave the prior: samples from the prior fall where nothing was trained, and the likelihood goes down.",
        catch="# three terms, one sample\nassert torch.allclose(loss, -(log_q_x_given_z + log_q_z - log_p_z_given_x))",
    ),
    Specimen(
        said=Claim(
            "bug-5", (Limit(ranges, expression=-log(u), symbol=u, point=S.Zero, value=S.Zero),)
        ),
        true=Claim(
            "bug-5",
            (
                Identity(ranges, left=-log(not_D), right=log(Add(1, exp(logit), evaluate=False))),
                Bound(
                    ranges,
                    upper=-log(not_D),
                    lower=logit,
                    remainder=log(Add(1, exp(-logit), evaluate=False)),
                ),
            ),
            refuted=(exactly(-log(u), S.Zero, u="1/1000"),),
        ),
        title="A loss said to be near 0 where it diverges",
        seen=(
            "d2l-ai/d2l-en, chapter_generative-adversarial-networks/gan.md, after the generator's objective, the maximum of −log(1 − D): where D(x′) ≈ 1 the loss is said to be near 0 and its gradients too small",
        ),
        effect="None where the loss is computed from the logit; an infinity where it is computed from D. A reader who believes the sentence looks for small gradients at the wrong end.",
        catch="# −log(1 − D) from the logit; with D = sigmoid(20) first it is infinite\nassert softplus(torch.tensor(20.0)) >= 20",
    ),
    Specimen(
        said=Claim(
            "bug-6",
            (
                Identity(
                    ranges, left=Derivative(-log(D), logit), right=Derivative(log(not_D), logit)
                ),
            ),
        ),
        true=Claim(
            "bug-6",
            (
                Identity(ranges, left=Derivative(-log(D), logit), right=Add(D, -1, evaluate=False)),
                Identity(ranges, left=Derivative(log(not_D), logit), right=-D),
            ),
            refuted=(
                exactly(Derivative(-log(D), logit), Derivative(log(not_D), logit), ell=-log(99)),
            ),
        ),
        title="−log D said to be the same loss as log(1 − D)",
        seen=(
            "labmlai/annotated_deep_learning_paper_implementations, labml_nn/gan/original/__init__.py, GeneratorLogitsLoss: the text descends log(1 − D), the code descends the cross-entropy with labels near 1, which is −log D, and a comment calls the two the same",
        ),
        effect="The slopes differ by the factor (1 − D)/D. Against a discriminator that is sure of itself, the slope of log(1 − D) is close to 0; Adam makes up for its size, and in the small run the samples still come out worse.",
        catch="# log(1 − D); −log D has D − 1\nassert torch.allclose(torch.autograd.grad(loss, logits)[0], -torch.sigmoid(logits))",
    ),
    Specimen(
        said=Claim("bug-7", (Identity(ranges, left=off_the_line, right=S.Zero),)),
        true=Claim(
            "bug-7",
            (Identity(ranges, left=off_the_line, right=(e_1 - e_2) * (a_1 - b_1) * (a_2 - b_2)),),
            refuted=(
                exactly(off_the_line, S.Zero, a_1=1, a_2=1, b_1=0, b_2=0, epsilon_1=1, epsilon_2=0),
            ),
        ),
        title="A gradient penalty with ε drawn per pixel",
        seen=(
            "hwalsuklee/tensorflow-generative-model-collections, WGAN_GP.py: alpha has the shape of the images (issue 33)",
            "eriklindernoren/PyTorch-GAN, implementations/wgan_gp/wgan_gp.py, before its correction (issue 5)",
            "the same in znxlwm/pytorch-generative-model-collections, WGAN_GP.py (issue 5), and preritj/progressive_growing_of_GANs, model.py (issue 3)",
        ),
        effect="In the small runs, next to nothing: the points fill the boxes between data and samples, and the critic that is right on the lines is right there too.",
        catch="# one number for each example\nassert epsilon.flatten(1).shape[1] == 1",
    ),
    Specimen(
        said=Claim(
            "bug-8",
            (
                Identity(ranges, left=Expectation(noise, inside), right=Rational(1, 6)),
                Identity(ranges, left=Expectation(noise, point), right=(a + b) / 2),
            ),
        ),
        true=Claim(
            "bug-8",
            (
                Identity(
                    ranges,
                    left=Expectation(Gaussian(epsilon, m, sigma**2), inside),
                    right=Add(m * (1 - m), -(sigma**2), evaluate=False),
                ),
                Identity(ranges, left=Expectation(noise, point), right=b),
            ),
            refuted=(
                exactly(Expectation(noise, inside), Rational(1, 6)),
                exactly(Expectation(noise, point), (a + b) / 2, a=1, b=0),
            ),
        ),
        title="A gradient penalty with ε from a normal distribution",
        seen=(
            "keras-team/keras-io, examples/generative/wgan_gp.py, gradient_penalty: alpha is drawn by tf.random.normal with mean 0 and standard deviation 1 (issues 143, 415 and 624)",
        ),
        effect="Two thirds of the points lie off the segments, half of all of them beyond one end. The critic is held less firmly where it matters, and its slopes and its distance come out about a tenth above those of the right version. That puts the distance a fifth to a quarter above the true one.",
        catch="assert ((0 <= epsilon) & (epsilon <= 1)).all()",
    ),
    Specimen(
        said=Claim(
            "bug-9",
            (
                Identity(ranges, left=penalty, right=S.Zero),
                Identity(ranges, left=critic_gap, right=a - b),
            ),
        ),
        true=Claim(
            "bug-9",
            (
                Identity(ranges, left=penalty, right=c**2 * (x - a) ** 2),
                Identity(
                    ranges, left=critic_gap, right=Add(a - b, -c * (a - b) ** 2 / 2, evaluate=False)
                ),
            ),
            refuted=(
                exactly(penalty, S.Zero, a=1, c=3, x=0),
                exactly(critic_gap, a - b, a=1, b=0, c=-10),
            ),
        ),
        title="A gradient penalty with ε fixed at 1",
        seen=(
            "labmlai/annotated_deep_learning_paper_implementations, labml_nn/gan/wasserstein/gradient_penalty/__init__.py: the text gives the penalty with a uniform ε and says of its own code that ε is set to 1; a choice that is stated, then, and not an oversight",
        ),
        effect="The slope is 1 at the data and whatever it likes elsewhere. The critic grows without limit, and its distance says nothing.",
        catch="# over a batch of a hundred\nassert (epsilon.amax() - epsilon.amin()) > 0.9",
    ),
    Specimen(
        said=Claim("bug-10", (Identity(ranges, left=last_of_linspace, right=last_of_ring),)),
        true=Claim(
            "bug-10",
            (
                Identity(ranges, left=Mul(before, 2 * pi / n, evaluate=False), right=last_of_ring),
                Identity(ranges, left=last_of_linspace, right=2 * pi),
            ),
            refuted=(exactly(last_of_linspace, last_of_ring, n=8),),
        ),
        title="A ring of eight modes with seven",
        seen=(
            "M-Elfeki/GDPP, gdppgan_Synthetic.py, sample_ring and evaluate_samples: eight angles by np.linspace from 0 to 2π, both ends included (issue 1 there)",
        ),
        effect="None to be seen: the runs look as they should. The counts are wrong: seven modes are there, one of them twice as heavy, and a count over the list of eight can say eight.",
        catch="# no two centres are the same\nassert torch.pdist(centres).min() > 6 * std",
    ),
)
