<?php
// The plugin asks for WordPress' own file before it makes its table; dbDelta stands in world.php.
