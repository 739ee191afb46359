from typing import Any

def convert(elaboratable: Any, name: str = ..., platform: Any = ..., *, ports: Any = ..., emit_src: bool = ...,
            **kwargs: Any) -> str: ...
