<?php
/**
 * A pretended WordPress with a pretended WooCommerce: as much of both as the plugin stands on, and no more. What they do
 * follows the real ones where the plugin depends on it: hooks by priority, sessions of a visitor, a cart that refuses
 * what is not sold, Action Scheduler's idea of unique, redirects that end nothing by themselves.
 */

define( 'ABSPATH', __DIR__ . '/' );
define( 'DAY_IN_SECONDS', 86400 );
define( 'WC_VERSION', '11.0.1' );
define( 'COOKIEPATH', '/' );

/** All that a test may look at or set. */
final class World {
	public static $hooks = array();
	public static $done = array();
	public static $options = array( 'blogname' => 'Theepot &amp; Zonen' );
	public static $options_read = array();
	public static $actions = array();
	public static $requests = array();
	public static $answers = array();
	public static $notices = array();
	public static $user_meta = array();
	public static $fields = array();
	public static $routes = array();
	public static $scripts = array();
	public static $cookies = array();
	public static $registered = array();
	public static $compatible = array();
	public static $user = 0;
	public static $can = array();
	public static $locale = 'nl_NL';
	public static $base = 'NL';
	public static $page = 'shop';
	public static $admin = false;
	public static $action_scheduler = true;
	public static $running = false;
	public static $products = array();
	public static $coupons = array();
	public static $webhooks = array();
	public static $uninstaller = null;
	public static $woocommerce = null;
	public static $log = array();
	public static $online = false;
	public static $redirect = '';

	public static function visitor(): void {
		self::$woocommerce          = new WooCommerce();
		$_COOKIE                    = array();
		$_POST                      = array();
		$_GET                       = array();
		$_SERVER['HTTP_USER_AGENT'] = 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0';
	}

	/** The end of a request, and the beginning of the next one of the same visitor. */
	public static function next(): void {
		do_action( 'shutdown' );
		self::$done             = array();
		Mandje\Basket::$changed = false;
		Mandje\Basket::$ordered = false;
		Mandje\Basket::$said    = array( 'email' => '', 'consent' => null, 'taken_back' => false, 'seen' => false, 'country' => '', 'checkout' => 'block' );
		Mandje\OrderTie::$is_older = false;
		Mandje\Configuration::forget();
		$_POST = array();
		$_GET  = array();
	}

	public static function pending( string $hook ): array {
		return array_values( array_filter( self::$actions, static fn( $action ) => $action['hook'] === $hook ) );
	}
}

// --- hooks ---

function add_filter( $hook, $callback, $priority = 10, $arguments = 1 ) {
	World::$hooks[ $hook ][ $priority ][] = array( $callback, $arguments );
	return true;
}
function add_action( $hook, $callback, $priority = 10, $arguments = 1 ) {
	return add_filter( $hook, $callback, $priority, $arguments );
}
function apply_filters( $hook, $value = null, ...$more ) {
	$by_priority = World::$hooks[ $hook ] ?? array();
	ksort( $by_priority );
	foreach ( $by_priority as $callbacks ) {
		foreach ( $callbacks as list( $callback, $arguments ) ) {
			$value = $callback( ...array_slice( array( $value, ...$more ), 0, $arguments ) );
		}
	}
	return $value;
}
function do_action( $hook, ...$given ) {
	World::$done[ $hook ] = ( World::$done[ $hook ] ?? 0 ) + 1;
	$by_priority          = World::$hooks[ $hook ] ?? array();
	ksort( $by_priority );
	foreach ( $by_priority as $callbacks ) {
		foreach ( $callbacks as list( $callback, $arguments ) ) {
			$callback( ...array_slice( $given, 0, $arguments ) );
		}
	}
}
function did_action( $hook ) {
	return World::$done[ $hook ] ?? 0;
}
function __return_true() {
	return true;
}

// --- WordPress ---

function get_option( $name, $default = false ) {
	World::$options_read[] = $name;
	return World::$options[ $name ] ?? $default;
}
function update_option( $name, $value, $autoload = null ) {
	World::$options[ $name ] = $value;
	return true;
}
function add_option( $name, $value = '', $deprecated = '', $autoload = null ) {
	World::$options += array( $name => $value );
}
function delete_option( $name ) {
	unset( World::$options[ $name ] );
}
function get_bloginfo( $what ) {
	return 'version' === $what ? '7.0.4' : World::$options['blogname'];
}
function home_url( $path = '' ) {
	return 'https://theepot.example' . $path;
}
function determine_locale() {
	return World::$locale;
}
function get_user_locale() {
	return World::$locale;
}
function wp_specialchars_decode( $text, $quotes = ENT_NOQUOTES ) {
	return strtr( $text, array( '&amp;' => '&', '&lt;' => '<', '&gt;' => '>', '&quot;' => '"', '&#039;' => "'" ) );
}
function wp_strip_all_tags( $text ) {
	return trim( strip_tags( $text ) );
}
function esc_html( $text ) {
	return htmlspecialchars( $text, ENT_QUOTES, 'UTF-8', false );
}
function wp_kses_post( $text ) {
	return $text;
}
function wpautop( $text ) {
	return "<p>$text</p>";
}
function wp_json_encode( $value, $flags = 0, $depth = 512 ) {
	return json_encode( $value, $flags, $depth );
}
function wp_unslash( $value ) {
	return stripslashes( $value );
}
function wp_parse_url( $url, $component = -1 ) {
	return parse_url( $url, $component );
}
function wp_generate_uuid4() {
	$bytes = bin2hex( random_bytes( 16 ) );
	return substr( $bytes, 0, 8 ) . '-' . substr( $bytes, 8, 4 ) . '-4' . substr( $bytes, 13, 3 ) . '-8' . substr( $bytes, 17, 3 ) . '-' . substr( $bytes, 20 );
}
function is_email( $email ) {
	return (bool) preg_match( '/^[a-z0-9.!#$%&\'*+\/=?^_`{|}~-]+@[a-z0-9-]+(\.[a-z0-9-]+)+$/i', $email );
}
function is_admin() {
	return World::$admin;
}
function wp_doing_ajax() {
	return false;
}
function is_user_logged_in() {
	return World::$user > 0;
}
function get_current_user_id() {
	return World::$user;
}
function wp_get_current_user() {
	return (object) array( 'ID' => World::$user, 'user_email' => World::$user ? 'Ada@Shopper.example' : '' );
}
function get_user_by( $field, $value ) {
	return World::$user_meta && 'ada@shopper.example' === strtolower( $value ) ? (object) array( 'ID' => 7 ) : false;
}
function get_user_meta( $id, $key, $single ) {
	return World::$user_meta[ $id ][ $key ] ?? '';
}
function update_user_meta( $id, $key, $value ) {
	World::$user_meta[ $id ][ $key ] = $value;
}
function delete_user_meta( $id, $key ) {
	unset( World::$user_meta[ $id ][ $key ] );
}
function delete_metadata( $type, $id, $key, $value, $all ) {
	foreach ( World::$user_meta as $user => $kept ) {
		unset( World::$user_meta[ $user ][ $key ] );
	}
	World::$user_meta = array_filter( World::$user_meta );
}
function current_user_can( $what ) {
	return in_array( $what, World::$can, true );
}
function is_multisite() {
	return false;
}
function nocache_headers() {
	World::$done['nocache'] = 1;
}
function status_header( $status ) {
	World::$done['status'] = $status;
}
function wp_safe_redirect( $target ) {
	World::$redirect = $target;
	return true;
}
function add_query_arg( $values, $url ) {
	$query = array();
	foreach ( $values as $name => $value ) {
		$query[] = "$name=$value";
	}
	return $query ? $url . ( strpos( $url, '?' ) ? '&' : '?' ) . implode( '&', $query ) : $url;
}
function wp_register_script( ...$given ) {
	return true;
}
function wp_enqueue_script( $handle ) {
	World::$scripts[ $handle ] = '';
}
function wp_add_inline_script( $handle, $code ) {
	World::$scripts[ $handle ] .= $code;
}
function register_rest_route( $space, $route, $what ) {
	World::$routes[ $space . $route ] = $what;
}
function rest_get_url_prefix() {
	return 'wp-json';
}
function plugin_basename( $file ) {
	return 'mandje/mandje.php';
}
function register_activation_hook( $file, $callback ) {
	World::$registered['activate'] = $callback;
}
function register_deactivation_hook( $file, $callback ) {
	World::$registered['deactivate'] = $callback;
}
function register_uninstall_hook( $file, $callback ) {
	World::$registered['uninstall'] = $callback;
}
function wp_add_privacy_policy_content( $name, $text ) {
	World::$registered['policy'] = $text;
}

// --- the network ---

class WP_Error {
	public function get_error_code() {
		return 'http_request_failed';
	}
}
function is_wp_error( $thing ) {
	return $thing instanceof WP_Error;
}
function wp_remote_post( $url, $request ) {
	World::$requests[] = array( 'url' => $url, 'safe' => false ) + $request;
	return World::$online ? over_the_network( $url, $request ) : asked_here();
}
function asked_here() {
	return World::$answers ? array_shift( World::$answers ) : array( 'status' => 200, 'headers' => array(), 'body' => '{"ok":true}' );
}
function over_the_network( $url, $request ) {
	$headers = array();
	foreach ( $request['headers'] as $name => $value ) {
		$headers[] = "$name: $value";
	}
	$http = array(
		'method' => isset( $request['body'] ) ? 'POST' : 'GET', 'header' => $headers, 'content' => $request['body'] ?? '',
		'user_agent' => $request['user-agent'] ?? 'WordPress/7.0.4', 'ignore_errors' => true, 'follow_location' => 0, 'timeout' => $request['timeout'],
	);
	$body  = file_get_contents( $url, false, stream_context_create( array( 'http' => $http ) ) );
	$given = array();
	foreach ( array_slice( $http_response_header, 1 ) as $line ) {
		list( $name, $value )         = explode( ':', $line, 2 );
		$given[ strtolower( $name ) ] = trim( $value );
	}
	return array( 'status' => (int) explode( ' ', $http_response_header[0] )[1], 'headers' => $given, 'body' => $body );
}
function wp_safe_remote_post( $url, $request ) {
	$answer = wp_remote_post( $url, $request );
	World::$requests[ count( World::$requests ) - 1 ]['safe'] = true;
	return $answer;
}
function wp_remote_get( $url, $request ) {
	return wp_remote_post( $url, $request );
}
function wp_remote_retrieve_response_code( $answer ) {
	return $answer['status'];
}
function wp_remote_retrieve_header( $answer, $name ) {
	return $answer['headers'][ $name ] ?? '';
}
function wp_remote_retrieve_body( $answer ) {
	return $answer['body'];
}

// --- jobs ---

class ActionScheduler {
	public static function is_initialized() {
		return World::$action_scheduler;
	}
}
function as_schedule_single_action( $moment, $hook, $args = array(), $group = '', $unique = false ) {
	// Unique is by hook and group, and one that is running counts too.
	if ( $unique && ( World::pending( $hook ) || ( World::$running && 'rcv_push' === $hook ) ) ) {
		return 0;
	}
	World::$actions[] = array( 'moment' => $moment, 'hook' => $hook, 'group' => $group );
	return count( World::$actions );
}
function as_schedule_recurring_action( $moment, $every, $hook, $args, $group ) {
	World::$actions[] = array( 'moment' => $moment, 'hook' => $hook, 'group' => $group );
}
function as_next_scheduled_action( $hook ) {
	return World::pending( $hook ) ? World::pending( $hook )[0]['moment'] : false;
}
function as_get_scheduled_actions( $query, $return ) {
	return array_keys( World::pending( $query['hook'] ) );
}
function as_unschedule_all_actions( $hook ) {
	World::$actions = array_values( array_filter( World::$actions, static fn( $action ) => $action['hook'] !== $hook ) );
}
function wp_schedule_single_event( $moment, $hook ) {
	World::$actions[] = array( 'moment' => $moment, 'hook' => $hook, 'group' => 'cron' );
}
function wp_schedule_event( $moment, $every, $hook ) {
	World::$actions[] = array( 'moment' => $moment, 'hook' => $hook, 'group' => 'cron' );
}
function wp_next_scheduled( $hook ) {
	return as_next_scheduled_action( $hook );
}
function wp_clear_scheduled_hook( $hook ) {
	as_unschedule_all_actions( $hook );
}

// --- WooCommerce ---

class Product {
	public $stock;
	private $known;
	public function __construct( array $known ) {
		$this->known = $known;
		$this->stock = $known['stock'] ?? null;
	}
	public function get_name() {
		return $this->known['name'];
	}
	public function get_sku() {
		return $this->known['sku'] ?? '';
	}
	public function get_price() {
		return $this->known['price'];
	}
	public function get_image_id() {
		return $this->known['image'] ?? 0;
	}
	public function get_permalink( $line = null ) {
		return home_url( '/product/' . $this->known['slug'] . '/' );
	}
	public function managing_stock() {
		return null !== $this->stock;
	}
	public function get_stock_quantity() {
		return $this->stock;
	}
}

class Session {
	public $kept = array();
	public $cookie = false;
	public $reads = 0;
	public function get( $name, $default = null ) {
		++$this->reads;
		return $this->kept[ $name ] ?? $default;
	}
	public function set( $name, $value ) {
		if ( null === $value ) {
			unset( $this->kept[ $name ] );
		} else {
			$this->kept[ $name ] = $value;
		}
	}
	public function has_session() {
		return $this->cookie;
	}
	public function set_customer_session_cookie( $set ) {
		$this->cookie = $set;
	}
}

/** WooCommerce keeps this one in the session; what an order wrote to the account is another object's, and stays there. */
class Customer {
	public $email = '';
	public $first_name = '';
	public $country = 'NL';
	public $meta = array();
	public function get_billing_email() {
		return $this->email;
	}
	public function set_billing_email( $email ) {
		$this->email = $email;
	}
	public function get_billing_first_name() {
		return $this->first_name;
	}
	public function get_billing_country() {
		return $this->country;
	}
	public function get_shipping_country() {
		return $this->country;
	}
	public function get_meta( $key ) {
		return $this->meta[ $key ] ?? '';
	}
	public function delete_meta_data( $key ) {
		unset( $this->meta[ $key ] );
	}
	public function save() {
	}
	/** As the block checkout does with its additional fields when an order is placed. */
	public function remember_box( bool $ticked ): void {
		$this->meta['_wc_other/rcv/marketing-opt-in'] = $ticked ? '1' : '0';
		if ( World::$user ) {
			World::$user_meta[ World::$user ]['_wc_other/rcv/marketing-opt-in'] = $ticked ? '1' : '0';
		}
	}
}

class Cart {
	public $lines = array();
	public $codes = array();
	public $shipping = null;
	public function is_empty() {
		return ! $this->lines;
	}
	public function add_to_cart( $product, $quantity = 1, $variation = 0, $chosen = array() ) {
		$sold = World::$products[ $variation > 0 ? $variation : $product ] ?? null;
		if ( ! $sold || ( null !== $sold->stock && $sold->stock < $quantity ) ) {
			wc_add_notice( 'You cannot add that.', 'error' );
			return false;
		}
		$key                 = md5( $product . '/' . $variation . json_encode( $chosen ) );
		$price               = (float) $sold->get_price();
		$this->lines[ $key ] = array(
			'key' => $key, 'product_id' => $product, 'variation_id' => $variation, 'variation' => $chosen, 'quantity' => $quantity, 'data' => $sold,
			'line_subtotal' => round( $price * $quantity / 1.21, 4 ), 'line_subtotal_tax' => round( $price * $quantity - $price * $quantity / 1.21, 4 ),
			'line_total' => round( $price * $quantity / 1.21, 4 ), 'line_tax' => round( $price * $quantity - $price * $quantity / 1.21, 4 ),
		);
		do_action( 'woocommerce_add_to_cart', $key );
		return $key;
	}
	public function remove_all() {
		$this->lines = array();
		do_action( 'woocommerce_cart_item_removed', 'k', $this );
	}
	public function empty_cart() {
		$this->lines = array();
		do_action( 'woocommerce_cart_emptied' );
	}
	public function get_cart() {
		return $this->lines;
	}
	public function get_total( $context ) {
		$total = $this->shipping ?? 0;
		foreach ( $this->lines as $line ) {
			$total += $line['line_total'] + $line['line_tax'];
		}
		return $total;
	}
	public function get_applied_coupons() {
		return $this->codes;
	}
	public function has_discount( $code ) {
		return in_array( $code, $this->codes, true );
	}
	public function apply_coupon( $code ) {
		$bound = World::$coupons[ $code ] ?? null;
		if ( null === $bound || ( '' !== $bound && WC()->customer->get_billing_email() !== $bound ) ) {
			wc_add_notice( 'Please enter a valid email to use this coupon.', 'error' );
			return false;
		}
		$this->codes[] = $code;
		do_action( 'woocommerce_applied_coupon', $code );
		return true;
	}
	public function needs_shipping() {
		return true;
	}
	public function show_shipping() {
		return null !== $this->shipping;
	}
	public function get_shipping_total() {
		return $this->shipping;
	}
	public function get_shipping_tax() {
		return 0;
	}
}

class WooCommerce {
	public $session;
	public $cart;
	public $customer;
	public function __construct() {
		$this->session  = new Session();
		$this->cart     = new Cart();
		$this->customer = new Customer();
	}
}

class Order {
	public $meta = array();
	public $status = 'pending';
	public function get_status() {
		return $this->status;
	}
	public function update_meta_data( $key, $value ) {
		$this->meta[ $key ] = $value;
	}
	public function get_meta( $key ) {
		return $this->meta[ $key ] ?? '';
	}
}

class Request {
	private $given;
	private $in_route;
	public function __construct( array $given, array $in_route = array() ) {
		$this->given    = $given + $in_route;
		$this->in_route = $in_route;
	}
	public function get_url_params() {
		return $this->in_route;
	}
	public function get_param( $name ) {
		return $this->given[ $name ] ?? null;
	}
}

class Webhook {
	public $topic;
	public function __construct( $topic ) {
		$this->topic = $topic;
	}
	public function get_topic() {
		return $this->topic;
	}
	public function get_delivery_url() {
		return 'https://elsewhere.example/webhooks/woocommerce/fromthewebhook/';
	}
	public function get_secret() {
		return 'webhook&amp;secret';
	}
}

class WC_AJAX {
	public static function get_endpoint( $name ) {
		return "/?wc-ajax=$name";
	}
}

class Logger {
	public function error( $words, $context ) {
		World::$log[] = $words;
	}
}
function wc_get_logger() {
	return new Logger();
}
function WC() {
	return World::$woocommerce;
}
function wc_get_webhook( $id ) {
	return World::$webhooks[ $id ] ?? null;
}
function wc_get_base_location() {
	return array( 'country' => World::$base, 'state' => '' );
}
function get_woocommerce_currency() {
	return 'EUR';
}
function wc_get_price_decimals() {
	return 2;
}
function wp_get_attachment_image_url( $id, $size ) {
	return home_url( "/wp-content/uploads/$id.jpg" );
}
function wc_get_product( $id ) {
	return World::$products[ $id ] ?? false;
}
function wc_get_order( $id ) {
	return $id instanceof Order ? $id : null;
}
function wc_add_notice( $text, $kind = 'success' ) {
	World::$notices[ $kind ][] = array( 'notice' => $text, 'data' => array() );
}
function wc_get_notices( $kind = '' ) {
	return '' === $kind ? World::$notices : ( World::$notices[ $kind ] ?? array() );
}
function wc_has_notice( $text, $kind = 'success' ) {
	return in_array( $text, array_column( World::$notices[ $kind ] ?? array(), 'notice' ), true );
}
function wc_print_notices() {
	foreach ( World::$notices as $lines ) {
		echo '<div class="woocommerce-info">' . implode( '<br>', array_column( $lines, 'notice' ) ) . '</div>';
	}
	World::$notices = array();
}
function wc_set_notices( $notices ) {
	World::$notices = $notices;
}
function wc_format_coupon_code( $code ) {
	return strtolower( trim( $code ) );
}
function wc_get_checkout_url() {
	return home_url( '/checkout/' );
}
function wc_get_page_permalink( $page ) {
	return home_url( "/$page/" );
}
function wc_setcookie( $name, $value, $expire = 0 ) {
	World::$cookies[ $name ] = $value;
}
function is_checkout() {
	return 'checkout' === World::$page;
}
function is_order_received_page() {
	return false;
}
function is_checkout_pay_page() {
	return false;
}
function woocommerce_register_additional_checkout_field( $field ) {
	World::$fields[ $field['id'] ] = $field;
}
function woocommerce_form_field( $key, $field, $value ) {
	$html = apply_filters( 'woocommerce_form_field_' . $field['type'], '<p class="form-row">' . $field['label'] . '</p>', $key, $field, $value );
	if ( '' !== $html ) {
		World::$fields[ $key ] = $field + array( 'value' => $value );
	}
	echo $html;
}

// --- the database ---

/** Tables as lists of rows; it understands the few sentences the plugin says, and refuses any other. */
class Wpdb {
	public $prefix = 'wp_';
	public $tables = array();
	public $said = array();
	private const EMPTY_ROW = array(
		'id' => '', 'kind' => 'cart', 'email' => '', 'email_hash' => '', 'source' => '', 'consent' => null, 'seen' => '0', 'asked' => '0',
		'told' => '0', 'payload' => null, 'fingerprint' => '', 'stamp' => '', 'waiting' => '0', 'updated' => '0',
	);

	public function get_charset_collate() {
		return 'DEFAULT CHARSET=utf8mb4';
	}
	public function prepare( $sentence, ...$values ) {
		return preg_replace_callback(
			'/%[sd]/',
			static function ( $match ) use ( &$values ) {
				$value = array_shift( $values );
				return '%d' === $match[0] ? (string) (int) $value : "'" . addslashes( $value ) . "'";
			},
			$sentence
		);
	}
	public function get_results( $sentence ) {
		$this->said[] = $sentence;
		if ( ! preg_match( '/^SELECT (.+?) FROM (\w+)(?: WHERE (.+?))?(?: ORDER BY (\w+)( DESC)?)?(?: LIMIT (\d+))?$/', $sentence, $found ) ) {
			throw new Exception( "not understood: $sentence" );
		}
		$rows = array_values( array_filter( $this->tables[ $found[2] ] ?? array(), fn( $row ) => $this->holds( $row, $found[3] ?? '' ) ) );
		if ( ! empty( $found[4] ) ) {
			usort( $rows, static fn( $one, $other ) => ( empty( $found[5] ) ? 1 : -1 ) * ( $one[ $found[4] ] <=> $other[ $found[4] ] ) );
		}
		if ( 'COUNT(*)' === $found[1] ) {
			return array( (object) array( 'count' => count( $rows ) ) );
		}
		return array_map( static fn( $row ) => (object) $row, empty( $found[6] ) ? $rows : array_slice( $rows, 0, (int) $found[6] ) );
	}
	public function get_row( $sentence ) {
		return $this->get_results( $sentence )[0] ?? null;
	}
	public function get_var( $sentence ) {
		$row = $this->get_row( $sentence );
		return $row ? current( (array) $row ) : null;
	}
	public function query( $sentence ) {
		$this->said[] = $sentence;
		if ( preg_match( "/^INSERT IGNORE INTO (\w+) \(id, kind, updated\) VALUES \('([^']*)', '(\w+)', (\d+)\)$/", $sentence, $found ) ) {
			$this->must_have( $found[1] );
			$this->tables[ $found[1] ] += array( $found[2] => array_merge( self::EMPTY_ROW, array( 'id' => $found[2], 'kind' => $found[3], 'updated' => $found[4] ) ) );
		} elseif ( preg_match( '/^DELETE FROM (\w+) WHERE (.+) LIMIT \d+$/', $sentence, $found ) ) {
			$this->tables[ $found[1] ] = array_filter( $this->tables[ $found[1] ], fn( $row ) => ! $this->holds( $row, $found[2] ) );
		} elseif ( preg_match( '/^DROP TABLE IF EXISTS (\w+)$/', $sentence, $found ) ) {
			unset( $this->tables[ $found[1] ] );
		} else {
			throw new Exception( "not understood: $sentence" );
		}
	}
	public function update( $table, $values, $where ) {
		$this->said[] = "UPDATE $table " . implode( ',', array_keys( $values ) );
		$this->must_have( $table );
		foreach ( $this->tables[ $table ] as $id => $row ) {
			if ( array_map( 'strval', $where ) === array_intersect_key( array_map( 'strval', $row ), $where ) ) {
				if ( array_diff_key( $values, self::EMPTY_ROW ) ) {
					throw new Exception( 'no such column' );
				}
				$this->tables[ $table ][ $id ] = array_merge( $row, array_map( static fn( $value ) => null === $value ? null : (string) $value, $values ) );
			}
		}
	}
	public function delete( $table, $where ) {
		$this->said[] = "DELETE $table";
		unset( $this->tables[ $table ][ $where['id'] ] );
	}
	private function must_have( $table ) {
		if ( ! isset( $this->tables[ $table ] ) ) {
			throw new Exception( "no table $table" );
		}
	}
	private function holds( array $row, string $conditions ): bool {
		foreach ( '' === $conditions ? array() : explode( ' AND ', $conditions ) as $condition ) {
			if ( ! preg_match( "/^(\w+) (=|<) '?(.*?)'?$/", $condition, $found ) ) {
				throw new Exception( "not understood: $condition" );
			}
			$value = (string) ( $row[ $found[1] ] ?? '' );
			if ( '=' === $found[2] ? $value !== stripslashes( $found[3] ) : ! ( (int) $value < (int) $found[3] ) ) {
				return false;
			}
		}
		return true;
	}
}
function dbDelta( $sentence ) {
	global $wpdb;
	preg_match( '/^CREATE TABLE (\w+) \(/', $sentence, $found );
	if ( ! preg_match( '/PRIMARY KEY  \(/', $sentence ) ) {
		throw new Exception( 'dbDelta wants two spaces after PRIMARY KEY' );
	}
	$wpdb->tables += array( $found[1] => array() );
}

$wpdb = new Wpdb();
World::$products = array(
	13 => new Product( array( 'name' => 'Brass Storm Lantern', 'sku' => 'LANT-01', 'price' => '59.90', 'slug' => 'lantern', 'image' => 5 ) ),
	17 => new Product( array( 'name' => 'Wool Blanket - Moss', 'sku' => 'BLAN-MO', 'price' => '99.00', 'slug' => 'blanket' ) ),
	15 => new Product( array( 'name' => 'Wool Blanket', 'price' => '99.00', 'slug' => 'blanket', 'stock' => 0 ) ),
	21 => new Product( array( 'name' => 'O&#039;Dea &amp; Zn “Theekan”', 'price' => '12.5', 'slug' => 'kan', 'stock' => 2 ) ),
);
World::visitor();
