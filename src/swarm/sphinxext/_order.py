"""Order between gallery scripts, which share one process: what one leaves behind, none finds."""

import sys
from typing import Any

__all__ = ["restore"]


def restore() -> list[str]:
    """Give PyTorch's global settings their defaults back, and say which were changed.

    Nothing is imported: where no script has imported PyTorch, none has changed it.
    """
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return []
    changed = []
    if not torch.is_grad_enabled():
        changed.append("gradients switched off")
        torch.set_grad_enabled(True)
    if torch.get_default_dtype() != torch.float32:
        changed.append(f"the default dtype {torch.get_default_dtype()}")
        torch.set_default_dtype(torch.float32)
    if torch.are_deterministic_algorithms_enabled():
        changed.append("deterministic algorithms switched on")
        torch.use_deterministic_algorithms(False)
    return changed
