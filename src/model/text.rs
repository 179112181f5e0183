//! Text on its way to a screen: escaping, width and cutting. The one place where either happens.
