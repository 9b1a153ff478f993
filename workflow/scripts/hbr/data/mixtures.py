"""A true if modest generator of images: a mixture of Gaussians for each class, in the space of its principal components."""

from collections.abc import Iterator

import numpy as np

from hbr.errors import StudyError

# Added to variances of components that hold few images.
RIDGE = 1e-3
BATCH = 1000


def sample_mixture(
    images: np.ndarray, per_class: int, components: int, dimensions: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Yield ``per_class`` uint8 images like ``images`` of one class ``(samples, height, width, channels)``, in batches.

    scikit-learn fits the mixture, of ``components`` with full covariances, to the first ``dimensions`` principal components,
    or to as many as there can be. Raises ``StudyError`` where there are fewer images than components.
    """
    from sklearn.decomposition import PCA
    from sklearn.mixture import GaussianMixture

    if len(images) <= components:
        raise StudyError(f"{len(images)} images are too few for {components} components; write a smaller number")
    flat = images.reshape(len(images), -1).astype(np.float64)
    seed = int(rng.integers(2**31))
    space = PCA(min(dimensions, len(images) - 1, flat.shape[1]), random_state=seed)
    latent = space.fit_transform(flat)
    scale = latent.std(0, ddof=0).max() or 1.0
    mixture = GaussianMixture(components, reg_covar=RIDGE, random_state=seed).fit(latent / scale)
    spread = np.linalg.cholesky(mixture.covariances_)
    for start in range(0, per_class, BATCH):
        count = min(BATCH, per_class - start)
        which = rng.choice(components, count, p=mixture.weights_)
        noise = np.einsum("nij,nj->ni", spread[which], rng.standard_normal((count, latent.shape[1])))
        drawn = space.inverse_transform(scale * (mixture.means_[which] + noise))
        yield np.rint(drawn).clip(0, 255).astype(np.uint8).reshape(count, *images.shape[1:])
