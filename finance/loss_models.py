"""The programme's own loss given default: a model of `scoring.lgd` for a product, adopted by two people.

Without one the Basel Framework's figure for senior unsecured corporate claims counts.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Final, get_args

from core.database import Transaction
from core.errors import Broken, Forbidden, InvalidInput, NotFound
from core.ids import derived_id
from finance import models
from scoring.lgd import LgdModel, decode, lgd_id
from scoring.limits import Product

_PRODUCTS: Final[tuple[Product, ...]] = get_args(Product)


async def register_loss_model(
    tx: Transaction, content: bytes, *, product: str, registered_by: str, at: datetime
) -> str:
    """Register a model's file for a product and return its id, the file's SHA-256; it does not count yet.

    Raises:
        InvalidInput: `scoring.lgd_invalid`; `limit.loss_model_invalid` for another product, or without a
            person.
    """
    decode(content)
    if product not in _PRODUCTS or not registered_by.strip():
        raise InvalidInput(
            "limit.loss_model_invalid",
            f"A model is registered by a person and for a product, not for {product!r}.",
            where="product",
            hint=f"Use one of {', '.join(_PRODUCTS)}.",
        )
    model_id = lgd_id(content)
    row_id = derived_id("loss-model", product, model_id)
    if not await models.LossModel.exists(id=row_id, using_db=tx.orm):
        await models.LossModel.create(
            using_db=tx.orm,
            id=row_id,
            model_id=model_id,
            product=product,
            content=content,
            registered_by=registered_by,
            registered_at=at,
        )
    return model_id


async def approve_loss_model(
    tx: Transaction, model_id: str, *, product: str, approved_by: str, at: datetime
) -> None:
    """Let a registered model count for a product from now on, in place of the one before.

    Raises:
        NotFound: `limit.loss_model_unknown`.
        Forbidden: `limit.four_eyes` when who registered it approves it.
        InvalidInput: `limit.approver_missing`.
    """
    if not approved_by.strip():
        raise InvalidInput("limit.approver_missing", "Nobody approved the model.", where="approvedBy")
    model = await models.LossModel.get_or_none(model_id=model_id, product=product, using_db=tx.orm)
    if model is None:
        raise NotFound("limit.loss_model_unknown", "No such model is registered.", where=model_id)
    if model.registered_by == approved_by:
        raise Forbidden("limit.four_eyes", "Who registered a model may not approve it.", where=model_id)
    await (
        models.LossModel.filter(id=model.id).using_db(tx.orm).update(approved_by=approved_by, approved_at=at)
    )


async def loss_model(tx: Transaction, product: Product, at: datetime) -> LgdModel | None:
    """Return the model that counts for a product at a moment: the one that was approved last.

    Raises:
        Broken: `limit.loss_model_altered` when the stored file no longer has its id.
    """
    model = (
        await models.LossModel.filter(product=product, approved_at__lte=at)
        .using_db(tx.orm)
        .order_by("-approved_at")
        .first()
    )
    if model is None:
        return None
    if lgd_id(model.content) != model.model_id:
        raise Broken(
            "limit.loss_model_altered", "The stored model does not have its id.", where=model.model_id
        )
    return _decoded(model.content)


@lru_cache(maxsize=8)
def _decoded(content: bytes) -> LgdModel:
    return decode(content)
