"""Arguments checked in one place, so that a message always names what is wrong."""


def check_positive(**values: int) -> None:
    """Raise a ValueError that names the first argument which is not an integer of at least 1."""
    check_at_least(1, **values)


def check_at_least(least: int, **values: int) -> None:
    """Raise a ValueError that names the first argument which is not an integer of at least this."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}")


def check_groups(in_channels: int, out_channels: int, groups: int) -> None:
    """Raise a ValueError unless all are at least 1 and the groups divide both channels."""
    check_positive(in_channels=in_channels, out_channels=out_channels, groups=groups)
    for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
        if channels % groups:
            raise ValueError(
                f"groups must divide {name}: {channels} channels cannot be split into "
                f"{groups} equal groups"
            )
